// Starts a holm server for the suite, reads its `ready` line, and talks to its control listener.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

const READY_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5_000;
const TAIL_LINES = 60;

export class Server {
  #child;
  #tail = [];
  #exited;
  /** What the `ready` line said. */
  ready;

  /**
   * Starts the program and waits for its `ready` line.
   * @param {string} program path of the holm binary
   * @param {string[]} extra flags besides those that every run of the suite uses
   * @param {string[]} without those of them that this one does not want
   */
  static async start(program, extra = [], without = []) {
    const server = new Server();
    const udp = ['--udp-port', '0'].filter((flag) => !without.includes(flag));
    const flags = [
      'serve', '--ephemeral',
      '--http-port', '0', ...udp, '--control-port', '0', '--script-port', '0',
      '--message-format', 'json',
      ...extra,
    ];
    server.#child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    server.#exited = new Promise((resolve) => {
      server.#child.once('error', (error) => resolve({ error }));
      server.#child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    server.#keepTail(server.#child.stderr);
    try {
      server.ready = await server.#readyLine();
    } catch (error) {
      error.message += `\n${server.tail()}`;
      server.kill();
      throw error;
    }
    return server;
  }

  get loginUri() {
    return this.ready.login_uri;
  }

  /** The last lines that the server wrote to its log. */
  tail() {
    return this.#tail.map((line) => `    holm: ${line}`).join('\n');
  }

  /** GET on the control listener; JSON answers come parsed, others as text. */
  async get(path) {
    return this.#request('GET', path);
  }

  /** POST of a JSON body to the control listener. */
  async post(path, body) {
    return this.#request('POST', path, body);
  }

  /** DELETE on the control listener. */
  async delete(path) {
    return this.#request('DELETE', path);
  }

  /** Asks the program to stop the way a service manager does. */
  terminate() {
    this.#child.kill('SIGTERM');
  }

  /** Waits for the end of the program: `{code, signal}`; an error when it outlives the deadline. */
  async exit(timeoutMs = STOP_DEADLINE_MS) {
    let timer;
    const over = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the server still runs ${timeoutMs / 1000} s after it was asked to stop`)),
        timeoutMs,
      );
    });
    try {
      return await Promise.race([this.#exited, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the program whatever it does. */
  kill() {
    this.#child.kill('SIGKILL');
  }

  async #request(method, path, body) {
    const response = await fetch(new URL(path, this.ready.control_uri), {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 200)}`);
    }
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return json && text ? JSON.parse(text) : text;
  }

  async #readyLine() {
    const lines = createInterface({ input: this.#child.stdout });
    const first = once(lines, 'line', { signal: AbortSignal.timeout(READY_DEADLINE_MS) }).then(
      ([line]) => line,
      () => {
        throw new Error(`no line on stdout within ${READY_DEADLINE_MS / 1000} s`);
      },
    );
    const ended = this.#exited.then(({ error, code, signal }) => {
      throw new Error(error ? `cannot start: ${error.message}` : `ended with ${code ?? signal}`);
    });
    const line = await Promise.race([first, ended]);
    // Later lines must be read too, or a full pipe would stop the server one day.
    lines.on('line', () => {});
    ended.catch(() => {});
    first.catch(() => {});
    return JSON.parse(line);
  }

  #keepTail(stream) {
    createInterface({ input: stream }).on('line', (line) => {
      this.#tail.push(line);
      if (this.#tail.length > TAIL_LINES) {
        this.#tail.shift();
      }
    });
  }
}
