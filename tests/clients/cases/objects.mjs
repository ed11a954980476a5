// The conversation of docs/objects.md: two avatars, the objects of the configuration that the
// document shows, one object of the control API and one of a script host.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../lib/client.mjs';
import { ChatSourceType, ChatType, PCode } from '../lib/library.mjs';
import { ScriptHost } from '../lib/scripts.mjs';
import { Server } from '../lib/server.mjs';
import { until } from '../lib/wait.mjs';

const DOCUMENT = new URL('../../../docs/objects.md', import.meta.url);
const CHANNEL = -99;

export async function objects({ runner, program, track }) {
  let server;
  let one;
  let two;

  const entered = await runner.case('a server with objects of its own is entered by two', async () => {
    server = track(await startWithShownObjects(program));
    const { loginUri } = server;
    one = await Client.enter({ loginUri, name: 'Test User' });
    two = await Client.enter({ loginUri, name: 'Alice Tester' });
    await one.sees(two);
    await two.sees(one);
  });
  if (!entered) {
    return;
  }
  const everybody = [one, two];

  await runner.case('objects of the configuration are seen with shape, place, text and name', async () => {
    const { objects: known } = await server.get('/v1/objects');
    assert.deepEqual(known.map((entry) => entry.name), ['Bell', 'Oracle', 'Tower']);
    for (const client of everybody) {
      for (const { id, name, position } of known) {
        const prim = await sees(client, id);
        assert.equal(prim.ParentID, 0);
        const [x, y, z] = position;
        const apart = Math.hypot(prim.Position.x - x, prim.Position.y - y, prim.Position.z - z);
        assert.ok(apart < 0.01, `${name} is at ${prim.Position}`);
        await client.commands.region.selectObjects([prim]);
        assert.equal(prim.name, name);
        assert.equal(prim.OwnerID.toString(), one.id);
      }
      const bell = primOf(client, known[0].id);
      assert.equal(bell.Text, 'say hello, or ring');
    }
  });

  await runner.case('a responder answers what is said, and both hear it', async () => {
    await one.commands.comms.say('hello there');
    for (const client of everybody) {
      const line = await client.hears(({ text }) => text === 'Hello, Test User.', 'the answer');
      assert.equal(line.fromName, 'Bell');
      assert.equal(line.source, ChatSourceType.Object);
      assert.equal(line.type, ChatType.Normal);
      assert.equal(line.owner, one.id);
    }
  });

  await runner.case('an object tells another by region say, which shouts it', async () => {
    await two.commands.comms.say('ring');
    for (const client of everybody) {
      const line = await client.hears(({ text }) => text === 'ding', 'the shout');
      assert.equal(line.fromName, 'Tower');
      assert.equal(line.type, ChatType.Shout);
    }
  });

  let clerk;
  await runner.case('an object of the control API appears', async () => {
    clerk = await server.post('/v1/objects', {
      name: 'Clerk', owner: 'Alice Tester', position: [130, 128, 22], shape: 'sphere',
    });
    for (const client of everybody) {
      await sees(client, clerk.id);
    }
  });

  await runner.case('its dialog is shown, and the button comes back as a listen', async () => {
    const { result } = await server.post(`/v1/objects/${clerk.id}/listen`, { channel: CHANNEL });
    assert.ok(result > 0, `handle ${result}`);
    await server.post(`/v1/objects/${clerk.id}/dialog`, {
      target: two.id, text: 'Tea?', buttons: ['Tea', 'No'], channel: CHANNEL,
    });
    const dialog = await until(
      () => two.dialogs.find((entry) => entry.ObjectID.toString() === clerk.id),
      'Alice should be asked',
    );
    assert.equal(dialog.Message, 'Tea?');
    assert.equal(dialog.ObjectName, 'Clerk');
    assert.equal(`${dialog.FirstName} ${dialog.LastName}`, two.name);
    assert.equal(dialog.ChatChannel, CHANNEL);
    assert.deepEqual(dialog.Buttons, ['Tea', 'No']);
    await two.commands.comms.respondToScriptDialog(dialog, 0);
    const heard = await event(server, clerk.id, (entry) => entry.event === 'listen', 'the answer');
    assert.deepEqual(heard.args, [CHANNEL, two.name, two.id, 'Tea']);
    assert.equal(one.dialogs.length, 0, 'nobody else is asked');
  });

  await runner.case('a touch is an event of its scripts', async () => {
    await one.commands.region.touchObject(primOf(one, clerk.id).ID);
    const touch = await event(server, clerk.id, (entry) => entry.event === 'touch_start', 'the touch');
    assert.deepEqual(touch.args, [1]);
    assert.deepEqual(touch.detected, [{ key: one.id }]);
  });

  await runner.case('owner say reaches the owner only', async () => {
    await server.post(`/v1/objects/${clerk.id}/owner_say`, { text: 'for my owner' });
    const line = await two.hears(({ text }) => text === 'for my owner', 'it');
    assert.equal(line.type, ChatType.OwnerSay);
    await server.post(`/v1/objects/${clerk.id}/say`, { channel: 0, text: 'for all' });
    // What is said to all comes after what was said to one.
    await one.hears(({ text }) => text === 'for all', 'the line to all');
    assert.ok(!one.heard.some(({ text }) => text === 'for my owner'));
  });

  await runner.case('an instant message of an object arrives', async () => {
    const message = { target: one.id, text: 'for you äöü' };
    await server.post(`/v1/objects/${clerk.id}/instant_message`, message);
    const received = await one.receives(({ text }) => text === 'for you äöü', 'it');
    assert.equal(received.from, clerk.id);
    assert.equal(received.fromName, 'Clerk');
  });

  await runner.case('a CLEP request of a script host is answered, and both are seen', async () => {
    const host = await ScriptHost.connect(server.ready.script_address);
    const made = await host.ask({
      create: { name: 'Visitor', position: [127, 127, 22], scripts: [{ name: 'asks' }] },
    });
    for (const client of everybody) {
      await sees(client, made.result.object);
    }
    await host.ask({ script: 1, clep_listen: { dialect: 'clep-json', domain: 'holm-demo' } });
    const sent = await host.ask({
      script: 1,
      clep_send: {
        dialect: 'clep-json', domain: 'holm-demo',
        message: { method: ['ping'], params: { count: 1 } },
      },
    });
    assert.equal(sent.result.route, 'region_say');
    const answer = await host.event((entry) => entry.event === 'clep', 'the answer');
    assert.deepEqual(answer.message.result, { count: 1 });
    assert.equal(answer.name, 'Oracle');
    const { traffic } = await server.get('/v1/clep/traffic');
    assert.deepEqual(traffic.map((line) => [line.call, line.sender_name, delivered(line)]), [
      ['llRegionSay', 'Visitor', ['Oracle']],
      ['llRegionSayTo', 'Oracle', ['Visitor']],
    ]);
    host.close();
    for (const client of everybody) {
      await gone(client, made.result.object);
    }
  });

  await runner.case('an object that is removed disappears', async () => {
    await server.delete(`/v1/objects/${clerk.id}`);
    for (const client of everybody) {
      await gone(client, clerk.id);
    }
    const { objects: known } = await server.get('/v1/objects');
    assert.deepEqual(known.map((entry) => entry.name), ['Bell', 'Oracle', 'Tower']);
  });

  await runner.case('the two leave the server with objects', async () => {
    for (const client of everybody) {
      await client.leave();
    }
  });
}

/** A server with the objects that docs/objects.md shows. */
async function startWithShownObjects(program) {
  const [, toml] = /```toml\n(.*?)```/s.exec(readFileSync(DOCUMENT, 'utf8'));
  const directory = mkdtempSync(join(tmpdir(), 'holm-objects-'));
  try {
    const file = join(directory, 'holm.toml');
    writeFileSync(file, toml);
    return await Server.start(program, ['--config', file]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The library's object with that key, or undefined. */
function primOf(client, id) {
  const { objects: store } = client.region;
  const prim = store.objects.get(store.objectsByUUID.get(id));
  return prim?.PCode === PCode.Prim ? prim : undefined;
}

async function sees(client, id) {
  return until(() => primOf(client, id), `${client.name} should see the prim ${id}`);
}

async function gone(client, id) {
  await until(() => !primOf(client, id), `the prim ${id} should be gone for ${client.name}`);
}

/** An event that the control API's object recorded. */
async function event(server, id, matches, what) {
  return until(async () => {
    const { events } = await server.get(`/v1/objects/${id}/events`);
    return events.find(matches);
  }, `the object should record ${what}`);
}

/** The names of the prims that got a line of CLEP. */
function delivered(line) {
  const got = line.receivers.filter((receiver) => receiver.outcome === 'delivered');
  return got.map((receiver) => receiver.prim_name);
}
