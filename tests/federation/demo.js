/** The command line of the gateway, and its demo program of three households served in a process of its own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TOKEN = /^(\w+) .* (\S+\.\S+\.\S+)$/;
const SERVING = /^Serving (\S+)/;
const LONGEST = 10_000_000;

/** The demo, with a state folder of its own. */
export class Demo {
  #state = mkdtempSync(join(tmpdir(), "customer-graph-"));
  #options = { cwd: ROOT, env: { ...process.env, CUSTOMER_GRAPH_STATE: this.#state }, maxBuffer: LONGEST };
  #process;
  /** A token for each role. */
  tokens = {};
  /** Where it is served. */
  url;

  /** Load the demo, in the data set's own time, and serve it. */
  async start() {
    const words = ["run", "customer-graph", "demo", "--households", "3", "--no-shift", "--port", "0"];
    this.#process = spawn("uv", words, { ...this.#options, stdio: ["ignore", "pipe", "pipe"] });
    const log = text(this.#process.stderr);
    for await (const line of createInterface({ input: this.#process.stdout })) {
      const [, role, token] = line.trim().match(TOKEN) ?? [];
      if (role) this.tokens[role] = token;
      this.url = line.match(SERVING)?.[1];
      if (this.url) return;
    }
    throw new Error(`the demo does not serve: ${await log}`);
  }

  /** What a command of `customer-graph` prints. */
  async printed(...words) {
    const { stdout } = await promisify(execFile)("uv", ["run", "customer-graph", ...words], this.#options);
    return stdout.trim();
  }

  /** The data that a caller with this token is answered by the demo itself. */
  async ask(query, token) {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await fetch(this.url, { method: "POST", headers, body: JSON.stringify({ query }) });
    return (await response.json()).data;
  }

  /** Who ran how many operations, as the demo's metrics tell. */
  async executions() {
    const metrics = await (await fetch(new URL("/metrics", this.url))).text();
    return metrics.split("\n").filter((line) => line.startsWith("customer_graph_executions_total{"));
  }

  async stop() {
    if (this.#process?.exitCode === null) {
      this.#process.kill(); // `uv` tells what it runs, and waits for it
      await once(this.#process, "exit");
    }
    rmSync(this.#state, { recursive: true });
  }
}
