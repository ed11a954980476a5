// Instant messages between two avatars.

import assert from 'node:assert/strict';
import { InstantMessageEventFlags } from '../lib/library.mjs';

export async function im(world) {
  const { runner, server } = world;
  const one = world.clients['Test User'];
  const two = world.clients['Alice Tester'];

  for (const [from, to] of [[one, two], [two, one]]) {
    await runner.case(`an instant message from ${from.name} to ${to.name} arrives`, async () => {
      const text = `greetings from ${from.name} äöü ✓`;
      await from.commands.comms.sendInstantMessage(to.id, text);
      const message = await to.receives((entry) => entry.text === text, 'the message');
      assert.equal(message.from, from.id);
      assert.equal(message.fromName, from.name);
      assert.equal(message.flags, InstantMessageEventFlags.normal);
    });
  }

  await runner.case('the name of the sender cannot be forged', async () => {
    const agent = one.bot.agent;
    const real = [agent.firstName, agent.lastName];
    [agent.firstName, agent.lastName] = ['Governor', 'Linden'];
    try {
      await one.commands.comms.sendInstantMessage(two.id, 'who am I?');
    } finally {
      [agent.firstName, agent.lastName] = real;
    }
    const message = await two.receives((entry) => entry.text === 'who am I?', 'the message');
    assert.equal(message.fromName, one.name);
  });

  await runner.case('typing in an instant message is shown and ends', async () => {
    await one.commands.comms.startTypingIM(two.id);
    const start = await two.receives(
      ({ flags }) => flags === InstantMessageEventFlags.startTyping,
      'that typing starts',
    );
    assert.equal(start.from, one.id);
    await one.commands.comms.stopTypingIM(two.id);
    const stop = await two.receives(
      ({ flags }) => flags === InstantMessageEventFlags.finishTyping,
      'that typing stops',
    );
    assert.equal(stop.from, one.id);
  });

  await runner.case('an instant message to somebody offline is answered', async () => {
    const account = await server.post('/v1/accounts', {
      first: 'Away', last: 'Tester', password: 'test', uuid: '5a1b0c9e-7c1f-4f3e-9a51-0d6f0a3c7e11',
    });
    assert.equal(account.uuid, '5a1b0c9e-7c1f-4f3e-9a51-0d6f0a3c7e11');
    const before = one.messages.length;
    await one.commands.comms.sendInstantMessage('5a1b0c9e-7c1f-4f3e-9a51-0d6f0a3c7e11', 'are you there?');
    const answer = await one.receives(
      (entry) => one.messages.indexOf(entry) >= before && /not (online|logged in)/i.test(entry.text),
      'that the other is not online',
    );
    assert.notEqual(answer.from, one.id);
  });
}
