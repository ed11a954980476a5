// A script host: one connection of JSON lines that owns objects. See docs/script-host.md.

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { until } from './wait.mjs';

const ANSWER_MS = 5_000;

export class ScriptHost {
  #socket;
  #asked = 0;
  #answers = new Map();
  /** The first line that the server sent. */
  hello;
  /** Events of its scripts, oldest first. */
  events = [];

  /** Connects and waits for the server's first line. */
  static async connect(address) {
    const [host, port] = address.split(':');
    const script = new ScriptHost();
    script.#socket = connect(Number(port), host);
    script.#socket.on('error', () => {});
    createInterface({ input: script.#socket }).on('line', (line) => script.#line(JSON.parse(line)));
    await until(() => script.hello, 'the server should say hello');
    return script;
  }

  /** Makes a request and returns its answer; an error answer is thrown. */
  async ask(request) {
    this.#asked += 1;
    const id = this.#asked;
    this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    const what = `an answer to ${JSON.stringify(request)}`;
    const answer = await until(() => this.#answers.get(id), what, ANSWER_MS);
    this.#answers.delete(id);
    if (answer.error) {
      throw new Error(`${what}: ${answer.error.message}`);
    }
    return answer;
  }

  /** Makes a call of LSL and returns what it returns. */
  async call(script, name, ...args) {
    return (await this.ask({ script, call: name, args })).result;
  }

  /** Waits for an event. */
  async event(matches, what) {
    return until(() => this.events.find(matches), `the script host should get ${what}`);
  }

  close() {
    this.#socket.end();
  }

  #line(line) {
    if (line.hello) {
      this.hello = line.hello;
    } else if (line.event) {
      this.events.push(line);
    } else {
      this.#answers.set(line.id, line);
    }
  }
}
