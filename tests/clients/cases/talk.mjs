// Group chat and a conference.

import assert from 'node:assert/strict';
import { until } from '../lib/wait.mjs';
import { groupNamed, RESIDENTS } from './groups.mjs';

export async function talk(world) {
  const { runner, server } = world;
  const one = world.clients['Test User'];
  const two = world.clients['Alice Tester'];
  const three = world.clients['Bob Tester'];
  const everybody = [one, two, three];
  const { id: group } = await groupNamed(server, RESIDENTS);

  await runner.case('text in a group reaches every member, the speaker too', async () => {
    await one.commands.comms.startGroupChatSession(group, '');
    await one.commands.comms.sendGroupMessage(group, 'hello residents äöü');
    for (const client of everybody) {
      const line = await client.hearsGroup((entry) => entry.text === 'hello residents äöü', 'the line');
      assert.equal(line.group, group);
      assert.equal(line.from, one.id);
      assert.equal(line.fromName, one.name);
    }
  });

  await runner.case('answers in a group reach everybody, once', async () => {
    await two.commands.comms.sendGroupMessage(group, 'hello Test');
    await three.commands.comms.sendGroupMessage(group, 'hello from Bob');
    for (const client of everybody) {
      for (const text of ['hello Test', 'hello from Bob']) {
        await client.hearsGroup((entry) => entry.text === text, `"${text}"`);
        assert.equal(client.groupLines.filter((entry) => entry.text === text).length, 1);
      }
    }
  });

  await runner.case('the control listener shows the session', async () => {
    const { sessions } = await server.get('/v1/sessions');
    const session = sessions.find((entry) => entry.id === group);
    assert.equal(session.kind, 'group');
    assert.equal(session.people.filter((entry) => entry.state === 'joined').length, 3);
  });

  await runner.case('who has left the session hears no more of it', async () => {
    await two.commands.comms.endGroupChatSession(group);
    await until(async () => {
      const { sessions } = await server.get('/v1/sessions');
      const session = sessions.find((entry) => entry.id === group);
      return session.people.some((entry) => entry.id === two.id && entry.state === 'left');
    }, 'Alice should have left');
    await one.commands.comms.sendGroupMessage(group, 'Alice is gone');
    await three.hearsGroup((entry) => entry.text === 'Alice is gone', 'the line');
    // What came to Alice later than the line would have shows that the line did not come.
    await one.commands.comms.sendInstantMessage(two.id, 'you have left');
    await two.receives((entry) => entry.text === 'you have left', 'the marker');
    assert.ok(!two.groupLines.some((entry) => entry.text === 'Alice is gone'));
  });

  await runner.case('a moderator mutes a member, whose text is refused', async () => {
    await one.commands.comms.moderateGroupChat(group, three.id, true, true);
    await three.commands.comms.sendGroupMessage(group, 'can you hear me?');
    await one.commands.comms.moderateGroupChat(group, three.id, false, false);
    await three.commands.comms.sendGroupMessage(group, 'and now?');
    await one.hearsGroup((entry) => entry.text === 'and now?', 'the line after the mute');
    assert.ok(!one.groupLines.some((entry) => entry.text === 'can you hear me?'));
  });

  await runner.case('a conference is joined by who is invited', async () => {
    // The library cannot start one; its capabilities can.
    const temporary = '00000000-0000-4000-8000-00000000c0f0';
    await one.chatSession({
      method: 'start conference', 'session-id': temporary, params: [two.id, three.id],
    });
    const session = await until(async () => {
      const { sessions } = await server.get('/v1/sessions');
      return sessions.find((entry) => entry.kind === 'conference');
    }, 'the conference should exist');
    assert.notEqual(session.id, temporary);
    await one.commands.comms.sendGroupMessage(session.id, 'welcome to the conference');
    for (const client of [two, three]) {
      const line = await client.hearsGroup(
        (entry) => entry.text === 'welcome to the conference', 'the first line',
      );
      assert.equal(line.group, session.id);
    }
    await two.commands.comms.sendGroupMessage(session.id, 'thank you');
    await three.hearsGroup((entry) => entry.text === 'thank you', 'the answer');
    await one.hearsGroup((entry) => entry.text === 'thank you', 'the answer');
  });
}
