-- The first schema. Ids are lower-case GUIDs, times UTC seconds, addresses normalised unless said otherwise.
-- References carry the tenant, so that no row can point into another one (S-001).

-- Raised by every administrative change, resp. when cached group membership shall be dropped.
CREATE TABLE change_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    changes INTEGER NOT NULL,
    refreshes INTEGER NOT NULL
) STRICT;
INSERT INTO change_counter (id, changes, refreshes) VALUES (1, 0, 0);

CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2), -- Enabled, Disabled, ConsumeOnly
    created_at INTEGER NOT NULL,
    max_use_licence_days INTEGER NOT NULL,
    group_cache_s INTEGER NOT NULL,
    removal_rights_extract INTEGER NOT NULL,
    super_users_enabled INTEGER NOT NULL,
    super_user_group TEXT,
    key_rollover_count INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE tenant_domain (
    domain TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    position INTEGER NOT NULL
) STRICT;
CREATE INDEX tenant_domain_tenant ON tenant_domain (tenant_id, position);

CREATE TABLE tenant_key (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    active INTEGER NOT NULL,
    name TEXT,
    bits INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenant_key_one_active ON tenant_key (tenant_id, kind) WHERE active = 1; -- S-204
CREATE UNIQUE INDEX tenant_key_public ON tenant_key (public_key) WHERE length(public_key) > 0;

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    upn TEXT NOT NULL, -- as entered
    upn_name TEXT NOT NULL, -- normalised
    display_name TEXT,
    enabled INTEGER NOT NULL,
    guest INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    password_hash TEXT,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, upn_name)
) STRICT;

-- proxyAddresses as entered, ignored ones included.
CREATE TABLE account_address (
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    value TEXT NOT NULL,
    kind INTEGER NOT NULL,
    address TEXT, -- normalised; NULL when the value is ignored
    PRIMARY KEY (account_id, position),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- Every name something can be found by, each with one owner in its tenant: UPNs, SMTP addresses, group addresses.
CREATE TABLE directory_name (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    is_group INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;
CREATE INDEX directory_name_owner ON directory_name (tenant_id, owner_id);

CREATE TABLE user_key (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL UNIQUE,
    bits INTEGER NOT NULL,
    modulus BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE grp (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    address TEXT,
    kind INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX grp_name ON grp (tenant_id, name);

-- No reference from member_id: an imported entry may point to nothing (S-044).
CREATE TABLE group_member (
    tenant_id TEXT NOT NULL,
    grp_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    is_group INTEGER NOT NULL,
    PRIMARY KEY (grp_id, member_id),
    FOREIGN KEY (tenant_id, grp_id) REFERENCES grp (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX group_member_member ON group_member (tenant_id, member_id);

CREATE TABLE super_user (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    account_id TEXT,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, address),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX super_user_account ON super_user (tenant_id, account_id);

CREATE TABLE rights_template (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    published INTEGER NOT NULL,
    read_only INTEGER NOT NULL,
    policy TEXT NOT NULL, -- versioned JSON
    scope TEXT NOT NULL, -- JSON array of addresses
    legacy_apps INTEGER NOT NULL,
    label_id TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE issuer (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    audiences TEXT NOT NULL, -- JSON array
    algorithms INTEGER NOT NULL,
    jwks_uri TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, issuer)
) STRICT;

CREATE TABLE oauth_client (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    name TEXT,
    redirect_uris TEXT NOT NULL, -- JSON array
    legacy_no_pkce INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
) STRICT;

-- Codes and tokens are kept as SHA-256 hashes.
CREATE TABLE auth_code (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    scope TEXT,
    resource TEXT,
    nonce TEXT,
    auth_time INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT,
    family_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX auth_code_account ON auth_code (tenant_id, account_id);
CREATE INDEX auth_code_expires ON auth_code (expires_at);

CREATE TABLE device_code (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    account_id TEXT,
    scope TEXT,
    resource TEXT,
    nonce TEXT,
    auth_time INTEGER NOT NULL,
    user_code TEXT NOT NULL,
    state INTEGER NOT NULL, -- pending, approved, denied
    interval_s INTEGER NOT NULL,
    polled_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (tenant_id, user_code),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX device_code_account ON device_code (tenant_id, account_id);
CREATE INDEX device_code_expires ON device_code (expires_at);

CREATE TABLE refresh_token (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    scope TEXT,
    resource TEXT,
    nonce TEXT,
    auth_time INTEGER NOT NULL,
    family_id TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    rotated INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX refresh_token_account ON refresh_token (tenant_id, account_id);
CREATE INDEX refresh_token_family ON refresh_token (family_id);
CREATE INDEX refresh_token_expires ON refresh_token (expires_at);

CREATE TABLE content (
    tenant_id TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    content_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    issuer TEXT,
    template_id TEXT,
    file_name TEXT,
    published_at INTEGER,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint)
) STRICT;
CREATE INDEX content_id ON content (tenant_id, content_id);

CREATE TABLE usage_log (
    seq INTEGER PRIMARY KEY,
    tenant_id TEXT,
    time INTEGER NOT NULL,
    row_id TEXT NOT NULL,
    request_type TEXT NOT NULL,
    user_id TEXT,
    result TEXT,
    correlation_id TEXT,
    content_id TEXT,
    owner_email TEXT,
    issuer TEXT,
    template_id TEXT,
    file_name TEXT,
    date_published INTEGER,
    c_info TEXT,
    c_ip TEXT,
    admin_action INTEGER NOT NULL,
    acting_as_user TEXT,
    super_user INTEGER NOT NULL,
    membership_age_s INTEGER NOT NULL,
    detail TEXT
) STRICT;
CREATE INDEX usage_log_time ON usage_log (tenant_id, time);

CREATE TABLE admin_log (
    seq INTEGER PRIMARY KEY,
    tenant_id TEXT,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    passed INTEGER NOT NULL,
    result TEXT,
    correlation_id TEXT
) STRICT;
CREATE INDEX admin_log_time ON admin_log (tenant_id, time);
