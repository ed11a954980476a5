// Being in the region: what the handshake tells, and seeing each other.

import assert from 'node:assert/strict';
import { PLACES } from './login.mjs';

export async function presence(world) {
  const { runner, region } = world;
  const everybody = () => Object.values(world.clients);

  await runner.case('the region handshake tells the region', async () => {
    for (const client of everybody()) {
      assert.equal(client.region.regionName, region.name);
      assert.equal(client.region.regionID.toString(), region.uuid);
      assert.equal(client.region.xCoordinate, region.x);
      assert.equal(client.region.yCoordinate, region.y);
      assert.ok(client.region.waterHeight > 0 && client.region.waterHeight < 100);
      assert.ok(client.region.maxAgents > 0);
    }
  });

  await runner.case('each client sees every avatar with its name', async () => {
    for (const client of everybody()) {
      for (const other of everybody()) {
        await client.sees(other);
      }
    }
  });

  await runner.case('everybody is where the start location asked for', async () => {
    for (const client of everybody()) {
      for (const other of everybody()) {
        const place = client.place(other.id);
        const [x, y] = PLACES[other.name];
        assert.ok(
          Math.abs(place.x - x) < 0.5 && Math.abs(place.y - y) < 0.5,
          `${client.name} sees ${other.name} at ${place.x}, ${place.y} instead of ${x}, ${y}`,
        );
      }
    }
  });

  await runner.case('names of ids are answered', async () => {
    const [asking, ...others] = everybody();
    const ids = others.map((other) => other.bot.agentID());
    const names = await asking.commands.grid.avatarKey2Name(ids);
    assert.deepEqual(
      names.map((name) => name.getName()),
      others.map((other) => other.name),
    );
  });
}
