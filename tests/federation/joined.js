/** The customers of a running gateway and the appointments, composed and served as one by Apollo's gateway. */
import { composeServices } from "@apollo/composition";
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from "@apollo/gateway";
import { parse } from "graphql";

import { appointments, typeDefs } from "./appointments.js";

// Apollo's gateway tells its makers where it runs, unless it is told not to.
process.env.APOLLO_TELEMETRY_DISABLED = "true";

/** What comes of composing the customers' schema with the appointments'. */
export function composed(sdl) {
  return composeServices([
    { name: "customers", url: "http://customers.invalid/graphql", typeDefs: parse(sdl) },
    { name: "appointments", url: "http://appointments.invalid/graphql", typeDefs },
  ]);
}

/** Passes the caller's token on, and notes which customers it asks for. */
class Customers extends RemoteGraphQLDataSource {
  sent = [];

  willSendRequest({ request, context }) {
    if (context.token) request.http?.headers.set("authorization", `Bearer ${context.token}`);
    this.sent.push(request.variables?.representations?.map(({ uuid }) => uuid));
  }
}

/** Apollo's gateway before both. */
export class Joined {
  #customers;
  #gateway;
  #execute;

  /** Serve the customers at a URL, and appointments as { on, service, uuid }. */
  async start(supergraphSdl, url, rows) {
    this.#customers = new Customers({ url });
    const local = new LocalGraphQLDataSource(appointments(rows));
    const buildService = ({ name }) => (name === "customers" ? this.#customers : local);
    this.#gateway = new ApolloGateway({ supergraphSdl, buildService });
    this.#execute = (await this.#gateway.load()).executor;
  }

  /** What a caller with this token is answered, as JSON. */
  async ask(query, token) {
    this.#customers.sent = [];
    const asked = { document: parse(query), queryHash: query, request: { query }, context: { token }, metrics: {} };
    return JSON.parse(JSON.stringify(await this.#execute(asked)));
  }

  /** The customers' UUIDs of each request that the last answer took; nothing where none were named. */
  get sent() {
    return this.#customers.sent;
  }

  async stop() {
    await this.#gateway?.stop();
  }
}
