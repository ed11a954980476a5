// Local chat: ranges, echo, typing, channels, long lines.
//
// That somebody does not hear a line is shown without waiting for silence: the speaker first hears
// its own echo, so the region has dealt with the line; then it sends every listener an instant
// message. A listener that has that message had the line before it, or will never have it.

import assert from 'node:assert/strict';
import { Client, startAt } from '../lib/client.mjs';
import { ChatSourceType, ChatType } from '../lib/library.mjs';
import { until } from '../lib/wait.mjs';

const ROW = 200;
const SPEAKER_X = 20;
/** How far each listener stands from the speaker, in metres: just inside and just outside. */
const DISTANCES = [9, 11, 19, 21, 99, 101];

export async function chat(world) {
  const { runner } = world;
  const speaker = world.clients['Test User'];
  const near = world.clients['Alice Tester'];

  await runner.case('the speaker hears itself', async () => {
    await speaker.commands.comms.say('echo, please');
    const line = await speaker.hears(({ text }) => text === 'echo, please', 'the echo');
    assert.equal(line.from, speaker.id);
    assert.equal(line.fromName, speaker.name);
  });

  await runner.case('a line arrives with name, ids, type and position', async () => {
    await speaker.commands.comms.say('hällo wörld ✓');
    const line = await near.hears(({ text }) => text === 'hällo wörld ✓', 'the line');
    assert.equal(line.from, speaker.id);
    assert.equal(line.owner, speaker.id);
    assert.equal(line.fromName, 'Test User');
    assert.equal(line.type, ChatType.Normal);
    assert.equal(line.source, ChatSourceType.Agent);
    assert.equal(line.audible, 1);
    const place = near.place(speaker.id);
    assert.ok(place.distance(line.position) < 1, `${line.position} is not where the speaker stands`);
  });

  await runner.case('typing is shown nearby and ends', async () => {
    await speaker.commands.comms.startTypingLocal();
    await near.hears(
      ({ from, type }) => from === speaker.id && type === ChatType.StartTyping,
      'that typing starts',
    );
    await speaker.commands.comms.stopTypingLocal();
    const end = await near.hears(
      ({ from, type }) => from === speaker.id && type === ChatType.StopTyping,
      'that typing stops',
    );
    assert.equal(end.text, '');
  });

  await runner.case('a line on a script channel is heard by no avatar', async () => {
    await speaker.commands.comms.say('for scripts only', 5);
    await speaker.commands.comms.say('after the channel');
    await settle(speaker, [near], 'after the channel');
    for (const client of [speaker, near]) {
      assert.equal(client.heard.filter(({ text }) => text === 'for scripts only').length, 0);
    }
  });

  await runner.case('a long line is cut at 1023 bytes between characters', async () => {
    const sent = `long ${'é'.repeat(600)}`;
    await speaker.commands.comms.say(sent);
    const line = await near.hears(({ text }) => text.startsWith('long é'), 'the long line');
    assert.ok(sent.startsWith(line.text), 'the line is a beginning of what was said');
    const bytes = Buffer.byteLength(line.text);
    assert.ok(bytes > 900 && bytes <= 1023, `${bytes} bytes`);
  });

  await ranges(world);
}

async function ranges(world) {
  const { runner, server, region } = world;
  let speaker;
  const listeners = [];

  const entered = await runner.case('seven more accounts are made and enter at their places', async () => {
    const enter = async (name, x) => {
      await server.post('/v1/accounts', { first: name, last: 'Ranger', password: 'test' });
      const start = startAt(region.name, x, ROW, 24);
      return Client.enter({ loginUri: server.loginUri, name: `${name} Ranger`, start });
    };
    speaker = await enter('Speaker', SPEAKER_X);
    for (const distance of DISTANCES) {
      const client = await enter(`At${distance}`, SPEAKER_X + distance);
      listeners.push({ distance, client });
    }
    for (const { distance, client } of listeners) {
      await speaker.sees(client);
      // They arrive above the ground and fall first.
      const apart = () => speaker.place(client.id).distance(speaker.place(speaker.id));
      await until(
        () => Math.abs(apart() - distance) < 0.2,
        () => `${client.name} should be ${distance} m away, is ${apart()}`,
      );
    }
  });

  for (const [verb, range, type] of [
    ['whisper', 10, ChatType.Whisper],
    ['say', 20, ChatType.Normal],
    ['shout', 100, ChatType.Shout],
  ]) {
    await runner.case(`${verb} is heard within ${range} m and not beyond`, async () => {
      assert.ok(entered, 'the listeners did not enter');
      const text = `this is a ${verb}`;
      await speaker.commands.comms[verb](text);
      await settle(speaker, listeners.map(({ client }) => client), text);
      const heard = listeners.filter(({ client }) => {
        return client.heard.some((line) => line.text === text && line.type === type);
      });
      assert.deepEqual(
        heard.map(({ distance }) => distance),
        DISTANCES.filter((distance) => distance <= range),
      );
      const times = listeners.flatMap(({ client }) => client.heard.filter((line) => line.text === text));
      assert.equal(times.length, heard.length, 'nobody hears a line twice');
    });
  }

  await runner.case('the seven leave again', async () => {
    for (const client of [speaker, ...listeners.map(({ client }) => client)]) {
      await client?.leave();
    }
  });
}

/** Returns when every listener has had what it gets of that line. */
async function settle(speaker, listeners, text) {
  await speaker.hears((line) => line.text === text && line.from === speaker.id, 'its own line');
  const mark = `after ${text}`;
  for (const listener of listeners) {
    await speaker.commands.comms.sendInstantMessage(listener.id, mark);
    await listener.receives((message) => message.text === mark, 'the message behind the line');
  }
}
