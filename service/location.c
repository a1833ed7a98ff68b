#include "service/location.h"

#include <arpa/inet.h>
#include <math.h>
#include <maxminddb.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "service/rest_write.h"

#define EARTH_KM 6371.0

static MMDB_s database; /* process state: set before threads, read by all */
static bool is_open;

void rms_locations_open(const char *path)
{
    int status = path[0] != '\0' ? MMDB_open(path, MMDB_MODE_MMAP, &database) : MMDB_SUCCESS;

    is_open = path[0] != '\0' && status == MMDB_SUCCESS;
    if (status != MMDB_SUCCESS) {
        rms_log(RMS_LOG_ERROR, "places.failed", "path", path, "reason", MMDB_strerror(status), NULL);
    }
}

/* --- addresses ------------------------------------------------------------------------------------------ */

struct range {
    uint32_t net;
    unsigned bits;
};

static bool is_nowhere4(uint32_t address)
{
    static const struct range ranges[] = {{0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8},
        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0a80000, 16}, {0xe0000000, 3}};

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if ((address ^ ranges[i].net) >> (32 - ranges[i].bits) == 0) {
            return true;
        }
    }
    return false;
}

/* Global unicast is 2000::/3; an IPv4 address in it is that one. */
static bool parse(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text, &four->sin_addr) == 1) {
        out->ss_family = AF_INET;
        return !is_nowhere4(ntohl(four->sin_addr.s_addr));
    }
    out->ss_family = AF_INET6;
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1 && (six->sin6_addr.s6_addr[0] & 0xe0) == 0x20;
}

/* --- the database --------------------------------------------------------------------------------------- */

static void read_text(MMDB_entry_s *entry, const char *const *path, char out[RMS_LOCATION_TEXT])
{
    MMDB_entry_data_s data = {0};

    if (out[0] == '\0' && MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS && data.has_data &&
        data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size < RMS_LOCATION_TEXT) {
        memcpy(out, data.utf8_string, data.data_size);
        out[data.data_size] = '\0';
    }
}

static bool read_number(MMDB_entry_s *entry, const char *name, double *out)
{
    const char *const path[] = {"location", name, NULL};
    MMDB_entry_data_s data = {0};

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_DOUBLE || !(fabs(data.double_value) <= 180)) {
        return false;
    }
    *out = data.double_value;
    return true;
}

static void read_place(MMDB_entry_s *entry, struct rms_location *place)
{
    read_text(entry, (const char *const[]){"country", "names", "en", NULL}, place->country);
    read_text(entry, (const char *const[]){"country", "iso_code", NULL}, place->country);
    read_text(entry, (const char *const[]){"city", "names", "en", NULL}, place->city);
    if (read_number(entry, "latitude", &place->latitude) &&
        read_number(entry, "longitude", &place->longitude)) {
        (void)snprintf(
            place->position, sizeof place->position, "%.4f,%.4f", place->latitude, place->longitude);
    }
}

void rms_location_find(const char *address, struct rms_location *place)
{
    struct sockaddr_storage socket;
    MMDB_lookup_result_s found = {0};
    int status = MMDB_SUCCESS;

    *place = (struct rms_location){.text = "unknown"};
    if (!is_open || address == NULL || !parse(address, &socket)) {
        return;
    }
    found = MMDB_lookup_sockaddr(&database, (const struct sockaddr *)&socket, &status);
    if (status != MMDB_SUCCESS || !found.found_entry) {
        return;
    }
    read_place(&found.entry, place);
    if (place->country[0] != '\0' || place->city[0] != '\0') {
        (void)snprintf(place->text, sizeof place->text, "%s%s%s", place->city,
            place->city[0] != '\0' && place->country[0] != '\0' ? ", " : "", place->country);
    }
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void rms_location_write(struct rms_buf *out, const char *address)
{
    struct rms_location place;

    rms_location_find(address, &place);
    rms_out_text(out, "Country", or_null(place.country));
    rms_out_text(out, "City", or_null(place.city));
    rms_out_text(out, "Position", or_null(place.position));
    rms_out_text(out, "Place", place.text);
}

/* On the sphere. */
int rms_location_kilometres(const char *one, const char *other)
{
    struct rms_location a;
    struct rms_location b;
    double radians = M_PI / 180;

    rms_location_find(one, &a);
    rms_location_find(other, &b);
    if (a.position[0] == '\0' || b.position[0] == '\0') {
        return -1;
    }
    double x = sin((b.latitude - a.latitude) * radians / 2);
    double y = sin((b.longitude - a.longitude) * radians / 2);
    double h = x * x + cos(a.latitude * radians) * cos(b.latitude * radians) * y * y;
    return (int)(2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1)));
}
