// What a client asks the region and the grid: terrain, parcels, event queue, map, money, pings.

import assert from 'node:assert/strict';
import { until } from '../lib/wait.mjs';

export async function region(world) {
  const { runner } = world;
  const client = world.clients['Alice Tester'];

  await runner.case('all 256 terrain patches arrive', async () => {
    await client.region.waitForTerrain();
    const heights = client.region.terrain.flat();
    assert.equal(heights.length, 65_536);
    assert.ok(heights.every((height) => height > -100 && height < 1_000), 'a height out of bounds');
    assert.ok(!heights.includes(-1), 'a point without height');
  });

  await runner.case('avatars stand on the ground', async () => {
    const place = client.place(client.id);
    const ground = client.region.getTerrainHeightAtPoint(Math.floor(place.x), Math.floor(place.y));
    const above = place.z - ground;
    assert.ok(above > 0.3 && above < 3, `${above} m above the ground`);
  });

  await runner.case('the event queue brings the parcels, which cover the region', async () => {
    await client.bot.waitForEventQueue(5_000);
    const parcels = await client.region.getParcels();
    assert.ok(parcels.length >= 1, 'no parcel');
    const area = parcels.reduce((sum, parcel) => sum + parcel.Area, 0);
    assert.equal(area, 65_536);
    assert.ok(client.parcelEvents.length >= parcels.length);
    for (const parcel of parcels) {
      assert.ok(parcel.Name.length > 0);
      assert.equal(parcel.Bitmap.length, 512);
      assert.notEqual(parcel.ParcelID.toString(), '00000000-0000-0000-0000-000000000000');
    }
  });

  await runner.case('the parcel at a place is found', async () => {
    const parcel = await client.commands.region.getParcelAt(128, 128);
    assert.ok(parcel.LocalID > 0);
    assert.ok(parcel.MaxPrims > 0);
  });

  await runner.case('the region is on the map under its name and id', async () => {
    const found = await client.commands.grid.getRegionByName(world.region.name);
    assert.equal(found.name, world.region.name);
    assert.deepEqual([found.X, found.Y], [world.region.x, world.region.y]);
    const handle = await client.commands.region.getRegionHandle(client.region.regionID);
    const [x, y] = [world.region.x, world.region.y].map((grid) => BigInt(grid * 256));
    assert.equal(BigInt(handle.toString()), (x << 32n) | y);
  });

  await runner.case('the money balance is answered', async () => {
    const balance = await client.commands.grid.getBalance();
    assert.ok(Number.isInteger(balance) && balance >= 0, `${balance}`);
  });

  await runner.case('pings are answered', async () => {
    const times = [];
    const subscription = client.bot.clientEvents.onCircuitLatency.subscribe((time) => times.push(time));
    try {
      await until(() => times.length > 0, 'a ping should be answered', 12_000);
    } finally {
      subscription.unsubscribe();
    }
    assert.ok(times[0] < 1_000, `${times[0]} ms`);
  });

  await runner.case('region statistics arrive', async () => {
    const stats = await client.bot.clientEvents.waitForEvent(client.bot.clientEvents.onSimStats, undefined, 10_000);
    assert.ok(stats.fps > 0, `${stats.fps} frames`);
    assert.ok(stats.timeDilation > 0.5 && stats.timeDilation <= 1, `time dilation ${stats.timeDilation}`);
  });

  await runner.case('the capabilities tell features and display names', async () => {
    const features = await client.region.caps.capsGetXML('SimulatorFeatures');
    assert.equal(typeof features, 'object');
    assert.ok(Object.keys(features).length > 0);
    const names = await client.region.caps.capsGetXML(['GetDisplayNames', { ids: client.id }]);
    assert.equal(names.agents.length, 1);
    assert.equal(names.agents[0].legacy_first_name, 'Alice');
    assert.equal(names.agents[0].legacy_last_name, 'Tester');
  });
}
