-- Must return no rows. A share lies between 0 and 1, and a value that is missing says why. $1 workspace, $3 the catalog.
with ratios as (
    select rule.name
    from jsonb_to_recordset($3::jsonb) as rule (name text, unit text)
    where rule.unit = 'ratio'
)
select
    format('%s of %s %s is %s', metric, row_type, member, coalesce(value::text, 'null without a reason')) as problem
from metrics.metric_value
where workspace_id = $1
    and (
        (metric in (select name from ratios) and (value < 0 or value > 1))
        or (value is null and text_value is null and reason is null)
    )
limit 5
