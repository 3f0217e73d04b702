"""The Complete Journey data set (a year of a retailer's loyalty purchases) as customers of the demo program.

Derived from the data, by rules that each module's docstring states: customers are households (`people`), baskets are
purchases with items, discounts and payments (`purchases`), stores are locations (`stores`), campaigns and coupons are
campaigns and offers (`catalogue`, `offers`), one point per whole dollar with lots and expiry (`points`, `ledger`), tiers
by trailing twelve-month spend (`tiers`), tags and segments (`labels`), events (`stream`) and metrics (`metrics`).
Made up, the same at every import and marked by the attribute `synthetic`: names and contact data, cards, notes, messages,
tickets, devices, promo codes, rewards, addresses of stores, audit entries, approvals and privacy requests.

The households with the lowest numbers are loaded first, and hold what a demo needs: 4 and 5 are test personas, 7 is
restricted, 8 had its data exported, 9 is blocked, 12's CRM id is 18's loyalty number (AMBIGUOUS), 8 and 18 had their
loyalty cards replaced. It runs in a process of its own, because pyarrow and Faker are large.
"""
