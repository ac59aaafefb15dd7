-- Which users are machines: the profile's own word, and the licences by name where our user may see them.
alter table mirror.salesforce_profile
    add column PermissionsApiUserOnly boolean;

create table mirror.salesforce_user_license (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);

create unique index salesforce_user_license_current on mirror.salesforce_user_license (workspace_id, connection_id, Id) where valid_to is null;
