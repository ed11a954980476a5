// Waiting for something to become true, with a deadline and a reason.

import { setTimeout as pause } from 'node:timers/promises';

const STEP_MS = 20;

/**
 * Asks again and again until the answer is truthy, and returns it.
 * @param {() => any} question may be async
 * @param {string | (() => string)} what the expectation, for the error
 */
export async function until(question, what, timeoutMs = 5_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await question();
    if (answer) {
      return answer;
    }
    if (Date.now() > end) {
      throw new Error(`${typeof what === 'function' ? what() : what} (waited ${timeoutMs / 1000} s)`);
    }
    await pause(STEP_MS);
  }
}
