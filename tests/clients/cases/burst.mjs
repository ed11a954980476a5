// Many log-ins at once, on a server of its own that makes accounts on the way.

import assert from 'node:assert/strict';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../lib/client.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';
import { list } from './leaving.mjs';

const BOTS = 20;
const LOOKUPS = 40;
const ARRIVALS = 200;
const ARRIVALS_AT_ONCE = 10;
const LISTED = { first: 'Listed', last: 'Resident', password: 'secret', uuid: '0f2d1c3b-4a59-4687-9786-a5b4c3d2e1f0' };

export async function burst({ runner, program, track }) {
  let server;
  let clients = [];
  const directory = await mkdtemp(join(tmpdir(), 'holm-clients-'));

  try {
    const started = await runner.case('a server with --open and --accounts starts', async () => {
      const accounts = join(directory, 'accounts.json');
      await writeFile(accounts, JSON.stringify([LISTED]));
      server = track(await Server.start(program, ['--open', '--accounts', accounts, '--seed', '7']));
    });
    if (!started) {
      return;
    }

    await runner.case('an account of the file logs in with its id', async () => {
      const client = await Client.enter({
        loginUri: server.loginUri, name: 'Listed Resident', password: LISTED.password,
      });
      assert.equal(client.id, LISTED.uuid);
      await client.leave();
    });

    await runner.case(`${BOTS} clients that log in at once all enter`, async () => {
      const names = Array.from({ length: BOTS }, (_, index) => `Bot${index + 1} Burst`);
      const results = await Promise.allSettled(
        names.map((name) => Client.enter({ loginUri: server.loginUri, name })),
      );
      clients = results.flatMap(({ value }) => value ?? []);
      const failures = results.flatMap(({ reason }) => reason?.message ?? []);
      assert.equal(clients.length, BOTS, `${failures.length} did not: ${[...new Set(failures)].join('; ')}`);
      assert.equal((await list(server, 'agents')).length, BOTS);
    }, 60_000);

    await runner.case('all of them see all of them', async () => {
      assert.equal(clients.length, BOTS);
      for (const client of clients) {
        for (const other of clients) {
          await client.sees(other, 20_000);
        }
      }
    }, 60_000);

    await runner.case('a line of each is heard by all, once', async () => {
      assert.equal(clients.length, BOTS);
      for (const client of clients) {
        await client.commands.comms.shout(`I am ${client.name}`);
      }
      for (const client of clients) {
        await until(
          () => client.heard.filter(({ text }) => text.startsWith('I am ')).length >= BOTS,
          () => `${client.name} heard ${client.heard.length} of ${BOTS} lines`,
          10_000,
        );
        const lines = client.heard.map(({ fromName, text }) => `${fromName}: ${text}`);
        assert.equal(new Set(lines).size, lines.length, `${client.name} heard a line twice`);
      }
    });

    await runner.case(`${LOOKUPS} names asked by UDP at once are all resolved`, async () => {
      const asked = Array.from({ length: LOOKUPS }, (_, index) => clients[index % BOTS]);
      const found = await Promise.allSettled(
        asked.map(({ name }) => clients[0].commands.grid.avatarName2Key(name, false)),
      );
      const right = found.filter(({ value }, index) => value?.toString() === asked[index].id);
      assert.equal(right.length, LOOKUPS, found.find(({ reason }) => reason)?.reason?.message);
    }, 30_000);

    await runner.case(`${ARRIVALS} arrivals and who is there see each other`, async () => {
      let next = 0;
      const arrive = async () => {
        while (next < ARRIVALS) {
          next += 1;
          const name = `Guest${next} Burst`;
          const guest = await Client.enter({ loginUri: server.loginUri, name });
          await Promise.all([clients[0].sees(guest, 10_000), guest.sees(clients[0], 10_000)]);
          await guest.leave();
        }
      };
      await Promise.all(Array.from({ length: ARRIVALS_AT_ONCE }, arrive));
    }, 120_000);

    await runner.case('a stopping server tells everybody and ends with code 0', async () => {
      await server.post('/v1/shutdown');
      assert.deepEqual(await server.exit(), { code: 0, signal: null });
      await until(
        () => clients.every(({ ended }) => ended),
        () => `${clients.filter(({ ended }) => !ended).length} clients were not told`,
      );
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
