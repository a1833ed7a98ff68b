/* People whose home is another deployment (S-268): for whom an issuer may speak, and the guest accounts of
 * those who come. */
#ifndef RMS_SERVICE_TOKEN_HOME_H
#define RMS_SERVICE_TOKEN_HOME_H

#include "directory/directory.h"
#include "service/front.h"
#include "store/issuer.h"

/* The person that the claims name, whose token is proved: an account of the issuer's tenant, of a guest made
 * now where the issuer brings guests. RMS_E_NOT_AUTHENTICATED when one of the claims is an address outside
 * the issuer's domains, or they name nobody, or by an issuer of guests somebody who is none. */
RMS_MUST_USE int rms_home_person(struct rms_request *request, const struct rms_issuer *issuer,
    const struct rms_claims *claims, const struct rms_directory_person **person_out);

/* Tells whoever sent a token of nobody's issuer which mail domain it is that nobody here trusts an issuer
 * for; email: what the token says, unproved. */
void rms_home_tell(struct rms_request *request, const char *email);

/* The tenant's issuer that brings the people of this mail domain as guests; NULL: none. */
const struct rms_issuer *rms_home_issuer(
    const struct rms_issuers *issuers, const char *tenant_id, const char *domain);

#endif
