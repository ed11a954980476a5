// Logging in: accounts, refusals, the places where avatars start, and second log-ins.

import assert from 'node:assert/strict';
import { Client, newBot, startAt } from '../lib/client.mjs';
import { until } from '../lib/wait.mjs';

/** Where the three ready-made accounts stand in all cases, in metres. */
export const PLACES = {
  'Test User': [100, 40, 24],
  'Alice Tester': [103, 40, 24],
  'Bob Tester': [106, 40, 24],
};

export async function login(world) {
  const { runner, server } = world;

  await runner.case('the ready line keeps to its contract', async () => {
    const { event, login_uri, control_uri, regions, pid } = server.ready;
    assert.equal(event, 'ready');
    assert.match(login_uri, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.match(control_uri, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(regions.length, 1);
    assert.equal(regions[0].name, 'Holm');
    assert.match(regions[0].uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual([regions[0].x, regions[0].y], [1000, 1000]);
    assert.match(regions[0].udp, /^127\.0\.0\.1:\d+$/);
    assert.ok(Number.isInteger(pid));
  });

  await runner.case('a wrong password is refused with reason key', async () => {
    const bot = newBot({ loginUri: server.loginUri, name: 'Test User', password: 'wrong' });
    await assert.rejects(bot.login(), refusal('key'));
  });

  await runner.case('an unknown account is refused with reason key', async () => {
    const bot = newBot({ loginUri: server.loginUri, name: 'Nobody Here' });
    await assert.rejects(bot.login(), refusal('key'));
  });

  for (const name of Object.keys(PLACES)) {
    await runner.case(`${name} logs in and enters`, async () => {
      world.clients[name] = await enterAtPlace(world, name);
    });
  }

  await runner.case('the log-in answer names the agent and the place', async () => {
    const client = world.clients['Test User'];
    assert.equal(client.bot.agent.firstName, 'Test');
    assert.equal(client.bot.agent.lastName, 'User');
    assert.notEqual(client.id, '00000000-0000-0000-0000-000000000000');
    assert.equal(client.bot.agent.startLocation, 'url');
    assert.ok(client.login.loginMessage.length > 0);
  });
}

/** A second log-in of an account that is online, which takes the first client away. */
export async function secondLogin(world) {
  const { runner, server } = world;
  const old = world.clients['Bob Tester'];

  await runner.case('a second log-in of an online account is refused with reason presence', async () => {
    const bot = newBot({ loginUri: server.loginUri, name: 'Bob Tester' });
    await assert.rejects(bot.login(), refusal('presence'));
  });

  await runner.case('that refusal takes the first client out', async () => {
    await until(() => old.ended, 'the first client should be told that it is out', 10_000);
    assert.equal(old.ended.requested, false);
    assert.ok(old.ended.message.length > 0);
  });

  await runner.case('the attempt after it succeeds', async () => {
    const client = await enterAtPlace(world, 'Bob Tester');
    world.clients['Bob Tester'] = client;
    assert.equal(client.id, old.id);
    await world.clients['Alice Tester'].sees(client);
  });
}

async function enterAtPlace({ server, region }, name) {
  const start = startAt(region.name, ...PLACES[name]);
  return Client.enter({ loginUri: server.loginUri, name, start });
}

function refusal(reason) {
  return (error) => {
    assert.equal(error.reason, reason, `refused with ${error.reason}: ${error.message}`);
    assert.ok(error.message.length > 0, 'a refusal says why');
    return true;
  };
}
