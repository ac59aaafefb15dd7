-- Grain: one row per record that names a record of another CRM against what the addresses say. $1 workspace.
select
    $1::text as workspace_id,
    connection_id,
    record_id,
    to_connection_id as other_connection_id,
    to_record_id as other_record_id,
    case rule when 'alone' then 'email_says_another' else 'taken' end as kind,
    case rule when 'alone' then 'by_id' else 'none' end as resolution
from metrics.int_identity_link
where workspace_id = $1
    and rule in ('alone', 'none')
