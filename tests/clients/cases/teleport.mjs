// Teleports between two regions of a grid, each on its own port.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../lib/client.mjs';
import { Vector3 } from '../lib/library.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';

const REGIONS = `
[[region]]
name = "Holm"
x = 1000
y = 1000
udp_port = 0

[[region]]
name = "Skerry"
x = 1001
y = 1000
udp_port = 0
`;

export async function teleport({ runner, program, track }) {
  const directory = await mkdtemp(join(tmpdir(), 'holm-'));
  try {
    const config = join(directory, 'regions.toml');
    await writeFile(config, REGIONS);
    // Without --udp-port: each region has its own.
    const server = track(await Server.start(program, ['--config', config], ['--udp-port', '0']));
    const enter = (name) => Client.enter({ loginUri: server.loginUri, name });
    const one = await enter('Test User');
    const two = await enter('Alice Tester');

    await runner.case('an avatar teleports to another region', async () => {
      assert.equal(one.region.regionName, 'Holm');
      await one.commands.teleport.teleportTo('Skerry', new Vector3([60, 70, 30]), new Vector3([1, 0, 0]));
      await until(() => one.region.regionName === 'Skerry', 'the client should be in Skerry');
      const { agents } = await server.get('/v1/agents');
      assert.equal(agents.find((agent) => agent.id === one.id).region, 'Skerry');
    });

    await runner.case('it is reached there as before', async () => {
      await two.commands.comms.sendInstantMessage(one.id, 'are you there?');
      await one.receives((entry) => entry.text === 'are you there?', 'the message');
      await one.commands.comms.sendInstantMessage(two.id, 'yes');
      await two.receives((entry) => entry.text === 'yes', 'the answer');
    });

    await runner.case('an offer brings a friend from the other region', async () => {
      await one.commands.comms.sendTeleport(two.id, 'come to the skerry');
      const lure = await until(() => two.lures[0], 'the offer should come');
      await two.commands.teleport.acceptTeleport(lure);
      await until(() => two.region.regionName === 'Skerry', 'the other should be in Skerry');
      await one.commands.comms.say('welcome');
      await two.hears((entry) => entry.text === 'welcome', 'the greeting');
    });

    runner.tolerate(/on a closed circuit/);
    await runner.case('both log out from where they are now', async () => {
      await one.leave();
      await two.leave();
      await until(async () => (await server.get('/v1/agents')).agents.length === 0, 'all should be gone');
    });
    server.kill();
  } finally {
    await rm(directory, { recursive: true });
  }
}
