// Drives node-metaverse, a client library from npm, against a holm server.
//
//   node suite.mjs [--verbose] PATH_OF_HOLM
//
// One line for each case goes to stdout, then `N passed, M failed`. The exit code is 0 only when no
// case failed. What the library prints goes to stderr: with --verbose at once, else its last lines
// after a failure.

import { Runner } from './lib/runner.mjs';
import { Server } from './lib/server.mjs';

const DEADLINE_MS = 300_000;
const CHATTER_LINES = 40;

const [program, verbose] = options(process.argv.slice(2));
const print = process.stdout.write.bind(process.stdout);
const chatter = divert(verbose);
const runner = new Runner((line) => print(`${line}\n`));
const servers = [];
const track = (server) => {
  servers.push(server);
  return server;
};

setTimeout(() => {
  runner.fail('the suite as a whole', new Error(`not done after ${DEADLINE_MS / 1000} s`));
  finish();
}, DEADLINE_MS).unref();

try {
  // The library prints while it is loaded, so it is loaded after its output was diverted.
  const { login, secondLogin } = await import('./cases/login.mjs');
  const { presence } = await import('./cases/presence.mjs');
  const { chat } = await import('./cases/chat.mjs');
  const { im } = await import('./cases/im.mjs');
  const { region } = await import('./cases/region.mjs');
  const { inventory } = await import('./cases/inventory.mjs');
  const { movement } = await import('./cases/movement.mjs');
  const { groups } = await import('./cases/groups.mjs');
  const { talk } = await import('./cases/talk.mjs');
  const { friends } = await import('./cases/friends.mjs');
  const { leaving } = await import('./cases/leaving.mjs');
  const { teleport } = await import('./cases/teleport.mjs');
  const { burst } = await import('./cases/burst.mjs');
  const { objects } = await import('./cases/objects.mjs');

  runner.watch();
  const server = track(await Server.start(program));
  const world = { runner, server, region: server.ready.regions[0], clients: {} };
  await login(world);
  if (Object.keys(world.clients).length === 3) {
    const parts = [
      presence, chat, im, groups, talk, region, inventory, movement, friends, secondLogin, leaving,
    ];
    for (const part of parts) {
      await part(world);
    }
  } else {
    runner.fail('all cases in the region', new Error('not all of the three accounts entered'));
  }
  await objects({ runner, program, track });
  await burst({ runner, program, track });
  // Last, because the library leaves timers of the old region behind that throw for ever.
  await teleport({ runner, program, track });
} catch (error) {
  runner.fail('the suite as a whole', error);
}
finish();

function finish() {
  for (const server of servers) {
    server.kill();
  }
  runner.summary();
  if (runner.failed > 0) {
    for (const server of servers) {
      process.stderr.write(`${server.tail()}\n`);
    }
    process.stderr.write(chatter.map((line) => `    library: ${line}\n`).join(''));
  }
  // The library keeps timers and polls after a failure; they must not keep the process.
  process.exit(runner.failed > 0 ? 1 : 0);
}

/** Sends everything that others print to stdout or stderr to a short memory, or to stderr. */
function divert(verbose) {
  const lines = [];
  const keep = (data) => {
    lines.push(...String(data).split('\n').filter((line) => line.trim()));
    lines.splice(0, Math.max(0, lines.length - CHATTER_LINES));
  };
  const error = process.stderr.write.bind(process.stderr);
  const write = (data, ...rest) => {
    keep(data);
    if (verbose) {
      error(data);
    }
    rest.find((argument) => typeof argument === 'function')?.();
    return true;
  };
  process.stdout.write = write;
  const log = (...values) => write(`${values.map((value) => value?.stack ?? value).join(' ')}\n`);
  for (const name of ['log', 'info', 'warn', 'error', 'debug']) {
    console[name] = log;
  }
  return lines;
}

function options(words) {
  const rest = words.filter((word) => word !== '--verbose');
  if (rest.length !== 1 || rest[0].startsWith('-')) {
    process.stderr.write('usage: node suite.mjs [--verbose] PATH_OF_HOLM\n');
    process.exit(2);
  }
  return [rest[0], words.includes('--verbose')];
}
