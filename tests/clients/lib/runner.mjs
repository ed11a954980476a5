// Runs cases one after the other and prints one line for each of them.
//
// A case is an async function; it passes when it returns and fails when it throws, when its time is
// over, or when an error turns up that nobody caught while it ran (the client library has a few
// places where an unexpected answer of the server ends like that).

const DEFAULT_TIMEOUT_MS = 30_000;

export class Runner {
  #write;
  #passed = 0;
  #failed = 0;
  #strayBetween = [];
  #onStray = null;
  #tolerated = null;

  /** @param {(line: string) => void} write prints one line of the report */
  constructor(write) {
    this.#write = write;
  }

  /** Takes over the errors that nobody catches; call it once every module is loaded. */
  watch() {
    process.on('unhandledRejection', (reason) => this.#stray(reason));
    process.on('uncaughtException', (error) => this.#stray(error));
  }

  /** From now on, errors that nobody caught and whose text matches are none: a library's own. */
  tolerate(pattern) {
    this.#tolerated = pattern;
  }

  get failed() {
    return this.#failed;
  }

  /**
   * Runs one case.
   * @returns {Promise<boolean>} whether it passed
   */
  async case(name, body, timeoutMs = DEFAULT_TIMEOUT_MS) {
    let timer;
    const over = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs / 1000} s`)), timeoutMs);
    });
    const stray = new Promise((_, reject) => {
      this.#onStray = reject;
    });
    try {
      await Promise.race([body(), over, stray]);
      this.#report(true, name);
      return true;
    } catch (error) {
      this.#report(false, name, error);
      return false;
    } finally {
      clearTimeout(timer);
      this.#onStray = null;
    }
  }

  /** Reports a failure that no case stands for, such as a server that did not start. */
  fail(name, error) {
    this.#report(false, name, error);
  }

  /** Prints the closing lines; the last one is `N passed, M failed`. */
  summary() {
    for (const error of this.#strayBetween) {
      this.#report(false, 'an error outside of every case', error);
    }
    this.#strayBetween = [];
    this.#write(`${this.#passed} passed, ${this.#failed} failed`);
  }

  #report(ok, name, error) {
    if (ok) {
      this.#passed += 1;
      this.#write(`ok ${this.#passed + this.#failed} ${name}`);
    } else {
      this.#failed += 1;
      this.#write(`not ok ${this.#passed + this.#failed} ${name}: ${describe(error)}`);
    }
  }

  #stray(reason) {
    if (this.#tolerated?.test(describe(reason))) {
      return;
    }
    const error = new Error(`nobody caught: ${describe(reason)}`, { cause: reason });
    if (this.#onStray) {
      this.#onStray(error);
    } else {
      this.#strayBetween.push(error);
    }
  }
}

/** One line that says what an error is, with the place in the library when it has one. */
function describe(error) {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const where = /\(?([^\s(]*node_modules[^\s)]*)\)?/.exec(error.cause?.stack ?? '');
  const text = `${error.message || error.name}`.replace(/\s+/g, ' ').trim();
  return where ? `${text} (${where[1].replace(/.*node_modules\//, '')})` : text;
}
