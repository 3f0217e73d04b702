/** Another graph: appointments of customers whom it knows by their UUID alone, in pages like ours. */
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

export const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query {
    appointments: AppointmentConnection!
  }

  type AppointmentConnection {
    nodes: [Appointment!]!
    pageInfo: PageInfo!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Appointment {
    on: String!
    service: String!
    customer: Customer
  }

  type Customer @key(fields: "uuid") {
    uuid: ID!
    appointments: [Appointment!]!
  }
`);

/** The graph's schema over appointments as { on, service, uuid }. */
export function appointments(rows) {
  return buildSubgraphSchema({
    typeDefs,
    resolvers: {
      Query: { appointments: () => ({ nodes: rows, pageInfo: { hasNextPage: false, hasPreviousPage: false } }) },
      Appointment: { customer: ({ uuid }) => ({ uuid }) },
      Customer: { appointments: ({ uuid }) => rows.filter((row) => row.uuid === uuid) },
    },
  });
}
