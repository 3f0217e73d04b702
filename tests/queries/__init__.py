"""Golden queries: what the gateway answers, and what the answer cost.

A query is `<domain>/<name>.graphql`; its answer lies beside it in `<name>.json`, the same for SQLite and PostgreSQL.
`pytest tests/queries --update-golden` writes the answers anew; `-k points` runs those of one domain, `-k sqlite` one
backend. The program is the demo of 60 households (support ids CJ-000001 …), its clock stands still.

The comments at the head say who asks and what for, one a line:

    # role: care_agent                 the caller's role; left out, admin
    # stores: 367 412                  store ids the caller is bound to
    # customer: CJ-000015              the customer the caller is bound to
    # scope: tiers:read pii:read       what the token narrows the role's scopes to
    # search: exact                    another search mode than the demo's
    # variables: {"id": "{{customer:CJ-000015}}"}
    # then: {"after": "{{data.customer.pointAudit.pageInfo.endCursor}}"}

`then` runs the same document again with these variables changed, as often as it stands there. In the variables stand
`{{customer:CJ-000015}}` for a global id, `{{uuid:CJ-000015}}` for the UUID, `{{node:Note:CJ-000015:0}}` for the id of
the first node of a type that the customer shows, `{{node:Location:0}}` for one that the root shows, `{{now}}` for the
clock's moment, and, in `then`, any expression over the run before.

Lines with two signs are assertions, which no update touches; they hold for the last run:

    ## calls: points.audit=1 profiles.by_support_id=1
    ## statements: 2
    ## errors: FORBIDDEN@customer.notes       in order, parted by spaces; [] is none
    ## data.customer.pointAudit.totalCount == 72
    ## length(data.customer.pointAudit.nodes) == 3
    ## runs[0].data.customer.pointAudit.nodes[*].modification == [-50, 200]

On the left of `==` is an expression (see `tests/queries/expressions.py`), on its right JSON.
"""
