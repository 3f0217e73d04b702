/** The graph composes with another one, and Apollo's gateway answers queries over both, with ours running behind it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ApolloGateway } from "@apollo/gateway";
import { buildSchema } from "graphql";

import { Demo } from "./demo.js";
import { Joined, composed } from "./joined.js";

const NOBODY = "0192aa15-bba0-7e36-917d-2d3386513258";
const OF_OURS = /^@join__(type|implements|field)\(graph: CUSTOMERS(, interface: "\w+")?\)$/;
const PAGE = `{
  appointments {
    nodes { on customer { supportId displayName tiers { nodes { tier { key } } } } }
    pageInfo { hasNextPage }
  }
}`;

const demo = new Demo();
const joined = new Joined();
let guarded, unguarded;
let first, second;
let narrowed;

before(async () => {
  const printed = demo.printed("schema", "print", "--federation", "--unguarded");
  await demo.start();
  const token = demo.printed("token", "--role", "care_agent", "--scope", "tiers:read");
  const { _service, customers } = await demo.ask(
    "{ _service { sdl } customers(first: 25) { nodes { uuid } } }",
    demo.tokens.admin,
  );
  guarded = composed(_service.sdl);
  unguarded = composed(await printed);
  [first, second] = customers.nodes.map(({ uuid }) => uuid);
  await joined.start(unguarded.supergraphSdl, demo.url, [
    { on: "2017-12-01", service: "styling", uuid: first },
    { on: "2017-12-02", service: "delivery", uuid: second },
    { on: "2017-12-03", service: "repair", uuid: first },
    { on: "2017-12-04", service: "repair", uuid: NOBODY },
  ]);
  narrowed = await token;
});

after(async () => {
  await joined.stop().finally(() => demo.stop());
});

/** Tells the directives of a type, or of a field of it, in a composed graph, but for those that say that it is ours. */
function telling({ supergraphSdl }) {
  const schema = buildSchema(supergraphSdl, { assumeValidSDL: true });
  const text = ({ loc }) => loc.source.body.slice(loc.start, loc.end);
  return (type, field) => {
    const found = field ? schema.getType(type).getFields()[field] : schema.getType(type);
    return found.astNode.directives.map(text).filter((directive) => !OF_OURS.test(directive));
  };
}

/** The page of appointments with these customers. */
function page(...customers) {
  const nodes = customers.map((customer, index) => ({ on: `2017-12-0${index + 1}`, customer }));
  return { appointments: { nodes, pageInfo: { hasNextPage: false } } };
}

function customer(supportId, displayName, tier) {
  return { supportId, displayName, tiers: { nodes: [{ tier: { key: tier } }] } };
}

test("it composes without errors", () => {
  assert.deepEqual([guarded.errors, unguarded.errors], [undefined, undefined]);
});

test("composition tells of one thing alone: an interface gets the scopes of all its types", () => {
  const told = guarded.hints.map(({ definition, message }) => [definition.code, message.match(/to "(\w+)"/)[1]]);
  assert.deepEqual(told, [["MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS", "Node"]]);
  assert.deepEqual(unguarded.hints, []);
});

test("keys, scopes and prices stand where a router looks for them", () => {
  const directives = telling(guarded);
  assert.deepEqual(directives("Customer"), [
    '@join__type(graph: APPOINTMENTS, key: "uuid")',
    '@join__type(graph: CUSTOMERS, key: "id")',
    '@join__type(graph: CUSTOMERS, key: "uuid")',
    '@requiresScopes(scopes: [["customers:read"]])',
  ]);
  assert.deepEqual(directives("Customer", "appointments"), ["@join__field(graph: APPOINTMENTS)"]);
  assert.deepEqual(directives("Note"), ['@requiresScopes(scopes: [["notes:read"]])']);
  assert.deepEqual(directives("Query", "nodes"), ["@authenticated", "@listSize(assumedSize: 100)"]);
  assert.deepEqual(directives("Mutation", "pointsAdjust"), [
    '@requiresScopes(scopes: [["points:adjust"]])',
    "@cost(weight: 10)",
  ]);
});

test("without the guards nothing else is missing", () => {
  const directives = telling(unguarded);
  assert.deepEqual(directives("Note"), []);
  assert.deepEqual(directives("Query", "nodes"), ["@listSize(assumedSize: 100)"]);
  assert.deepEqual(directives("Mutation", "pointsAdjust"), ["@cost(weight: 10)"]);
});

test("Apollo's gateway refuses the guards, which it does not enforce", async () => {
  const gateway = new ApolloGateway({ supergraphSdl: guarded.supergraphSdl });
  await assert.rejects(gateway.load(), /requiresScopes\/v0\.1 is for: SECURITY but is unsupported/);
});

test("another graph's page shows our customers, asked for at once; one who does not exist is null", async () => {
  const anna = customer("CJ-000001", "Anna Bruce", "gold");
  const nicole = customer("CJ-000002", "Nicole Luna", "silver");
  const { data, errors } = await joined.ask(PAGE, demo.tokens.care_agent);
  assert.deepEqual([data, errors], [page(anna, nicole, anna, null), undefined]);
  assert.deepEqual(joined.sent, [[first, second, first, NOBODY]]);
});

test("our customer shows what another graph has of them", async () => {
  const query = '{ customer(by: { supportId: "CJ-000001" }) { displayName appointments { on service } } }';
  const held = [
    { on: "2017-12-01", service: "styling" },
    { on: "2017-12-03", service: "repair" },
  ];
  assert.deepEqual(await joined.ask(query, demo.tokens.care_agent), {
    data: { customer: { displayName: "Anna Bruce", appointments: held } },
  });
});

test("the caller's own token decides what is masked and denied", async () => {
  const query = "{ appointments { nodes { customer { displayName notes { totalCount } } } } }";
  const { data, errors } = await joined.ask(query, demo.tokens.analyst);
  const [anna, nicole] = ["CJ-000001", "CJ-000002"].map((displayName) => ({ displayName, notes: null }));
  const nodes = [anna, nicole, anna, null].map((found) => ({ customer: found }));
  assert.deepEqual(data, { appointments: { nodes } });
  const denied = [0, 1, 2].map((index) => ({
    message: "This needs the scope notes:read.",
    path: ["appointments", "nodes", index, "customer", "notes"],
    extensions: { code: "FORBIDDEN", serviceName: "customers" },
  }));
  assert.deepEqual(errors, denied);
});

test("a caller without the scope gets no customer, and is told so once", async () => {
  const { data, errors } = await joined.ask(PAGE, narrowed);
  assert.deepEqual(data, page(null, null, null, null));
  assert.deepEqual(errors, [
    {
      message: "This needs the scope customers:read.",
      path: ["appointments", "nodes", "@", "customer", "_entities"],
      extensions: { code: "FORBIDDEN", serviceName: "customers" },
    },
  ]);
});

test("a caller without a token gets no customer", async () => {
  const { data, errors } = await joined.ask(PAGE, undefined);
  assert.deepEqual(data, page(null, null, null, null));
  assert.deepEqual(errors.map(({ extensions }) => extensions.code), ["UNAUTHENTICATED"]);
});

test("all that was asked was run by plans", async () => {
  assert.deepEqual(await demo.executions(), ['customer_graph_executions_total{by="plan"} 5.0']);
});
