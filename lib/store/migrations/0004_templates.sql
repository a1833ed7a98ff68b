-- Who may protect (S-011 to S-013), and what templates were before (S-109).

ALTER TABLE tenant ADD COLUMN onboarding_licence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN onboarding_group TEXT; -- group id
ALTER TABLE tenant ADD COLUMN onboarding_scope INTEGER NOT NULL DEFAULT 0; -- All, WindowsApp, MobileApp

ALTER TABLE account ADD COLUMN licensed INTEGER NOT NULL DEFAULT 0;

-- A row of rights_template as it was before a change or the removal.
CREATE TABLE template_version (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    published INTEGER NOT NULL,
    read_only INTEGER NOT NULL,
    policy TEXT NOT NULL,
    scope TEXT NOT NULL,
    legacy_apps INTEGER NOT NULL,
    label_id TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id, version)
) STRICT;
