// Kicks, log-outs, and that nothing stays behind.

import assert from 'node:assert/strict';
import { until } from '../lib/wait.mjs';

export async function leaving(world) {
  const { runner, server } = world;
  const { 'Test User': test, 'Alice Tester': alice, 'Bob Tester': bob } = world.clients;

  await runner.case('the control listener lists the agents and circuits', async () => {
    const agents = await list(server, 'agents');
    assert.deepEqual(
      agents.map((agent) => agent.id).sort(),
      [test.id, alice.id, bob.id].sort(),
    );
    for (const agent of agents) {
      assert.equal(agent.name, [test, alice, bob].find(({ id }) => id === agent.id).name);
      assert.equal(agent.region, world.region.name);
      assert.equal(agent.state, 'in_region');
    }
    // A circuit that has ended repeats its farewell for some seconds.
    const circuits = (await list(server, 'circuits')).filter(({ state }) => state !== 'closing');
    assert.deepEqual(
      circuits.map((circuit) => circuit.agent_id).sort(),
      [test.id, alice.id, bob.id].sort(),
    );
  });

  await runner.case('a kick tells its reason and ends the connection', async () => {
    await server.post(`/v1/agents/${bob.id}/kick`, { reason: 'The suite says goodbye.' });
    await until(() => bob.ended, 'the client should be told of the kick', 5_000);
    assert.equal(bob.ended.requested, false);
    assert.equal(bob.ended.message, 'The suite says goodbye.');
    await gone(alice, bob);
  });

  await runner.case('a log-out is answered, and the others see the avatar go', async () => {
    const localId = alice.avatarObject(test.id).ID;
    await test.leave();
    assert.deepEqual(test.ended, { requested: true, message: 'Logout completed' });
    await gone(alice, test);
    assert.ok(alice.killed.includes(localId), 'no KillObject for the avatar');
  });

  await runner.case('an instant message to somebody who left is answered', async () => {
    const before = alice.messages.length;
    await alice.commands.comms.sendInstantMessage(test.id, 'still there?');
    await alice.receives(
      (entry) => alice.messages.indexOf(entry) >= before && /not (online|logged in)/i.test(entry.text),
      'that the other is not online',
    );
  });

  await runner.case('nothing of anybody stays behind', async () => {
    await alice.leave();
    for (const what of ['agents', 'circuits']) {
      let left;
      await until(
        async () => (left = await list(server, what)).length === 0,
        () => `${left.length} ${what} are left: ${JSON.stringify(left).slice(0, 300)}`,
        10_000,
      );
    }
  });

  await runner.case('SIGTERM ends the server with code 0', async () => {
    server.terminate();
    assert.deepEqual(await server.exit(), { code: 0, signal: null });
  });
}

/** Waits until the client no longer has that avatar, neither the object nor on its list. */
async function gone(client, other) {
  await until(
    () => !client.avatarObject(other.id) && !client.avatar(other.id),
    () =>
      `${client.name} should see ${other.name} no more: object ${Boolean(client.avatarObject(other.id))}, ` +
      `list ${Boolean(client.avatar(other.id))}`,
    12_000,
  );
}

/** The entries of a list of the control listener. */
export async function list(server, what) {
  return (await server.get(`/v1/${what}`))[what];
}
