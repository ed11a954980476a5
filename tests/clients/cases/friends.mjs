// Friendship, presence, profiles, names, and messages that wait.

import assert from 'node:assert/strict';
import { Client } from '../lib/client.mjs';
import { RightsFlags, UUID } from '../lib/library.mjs';
import { until } from '../lib/wait.mjs';

export async function friends(world) {
  const { runner, server } = world;
  const one = world.clients['Test User'];
  const two = world.clients['Alice Tester'];

  await runner.case('an offer of friendship is shown and accepted', async () => {
    await one.commands.friends.sendFriendRequest(two.id, 'be my friend');
    const offer = await until(() => two.friendRequests[0], 'Alice should be asked');
    assert.equal(offer.from.toString(), one.id);
    assert.equal(offer.fromName, one.name);
    assert.equal(offer.message, 'be my friend');
    await two.commands.friends.acceptFriendRequest(offer);
    const answer = await until(() => one.friendResponses[0], 'the offerer should be answered');
    assert.equal(answer.accepted, true);
    assert.equal(answer.from.toString(), two.id);
    const { friends } = await server.get(`/v1/friends/${one.id}`);
    assert.deepEqual(friends.map((friend) => friend.id), [two.id]);
  });

  await runner.case('rights are granted, and both are told', async () => {
    await one.commands.friends.grantFriendRights(
      two.id, RightsFlags.CanSeeOnline | RightsFlags.CanSeeOnMap,
    );
    // The library files it under a wrong name, so only the rights are looked at.
    await until(
      () => two.friendRights.some((entry) => entry.myRights & RightsFlags.CanSeeOnMap),
      'Alice should be told',
    );
    await until(
      () => one.friendRights.some((entry) => entry.theirRights & RightsFlags.CanSeeOnMap),
      'the granter should be told',
    );
  });

  await runner.case('a friend with the right is found on the map', async () => {
    const place = await two.commands.friends.getFriendMapLocation(one.id);
    assert.equal(place.regionName, world.region.name);
    const here = one.place(one.id);
    assert.ok(Math.abs(place.localX - here.x) <= 1 && Math.abs(place.localY - here.y) <= 1);
  });

  await runner.case('friends are told who comes and goes', async () => {
    const name = 'Coming Going';
    const [first, last] = name.split(' ');
    await server.post('/v1/accounts', { first, last, password: 'test' });
    let guest = await Client.enter({ loginUri: server.loginUri, name });
    await guest.commands.friends.sendFriendRequest(one.id, 'hello');
    const offer = await until(
      () => one.friendRequests.find((entry) => entry.fromName === name), 'the offer should come',
    );
    await one.commands.friends.acceptFriendRequest(offer);
    await until(() => guest.friendResponses.length > 0, 'the guest should be answered');
    // The library passes over presence of friends to whom it never granted rights.
    const guestId = guest.id;
    await one.commands.friends.grantFriendRights(guestId, RightsFlags.CanSeeOnline);
    await until(
      () => one.friendRights.some((entry) => entry.friend.getKey().toString() === guestId),
      'the rights should be told',
    );
    const seen = (online) => one.presence.some((entry) => entry.id === guestId && entry.online === online);
    await guest.leave();
    guest = await Client.enter({ loginUri: server.loginUri, name });
    await until(() => seen(true), 'the arrival should be told');
    await guest.leave();
    await until(() => seen(false), 'the departure should be told');
  });

  await runner.case('a profile can be read', async () => {
    const profile = await one.commands.agent.getAvatarProperties(two.id);
    assert.match(profile.BornOn, /^\d{1,2}\/\d{1,2}\/\d{4}/);
  });

  await runner.case('a name is found by the people search and by the old way', async () => {
    for (const useCap of [true, false]) {
      const key = await one.commands.grid.avatarName2Key(two.name, useCap);
      assert.equal(key.toString(), two.id);
    }
    const known = await one.commands.grid.avatarKey2Name(new UUID(two.id));
    assert.equal(known.getName(), two.name);
  });

  await runner.case('an offer of a teleport is shown and taken', async () => {
    await one.commands.comms.sendTeleport(two.id, 'come here');
    const lure = await until(() => two.lures[0], 'Alice should be offered a teleport');
    assert.equal(lure.from.toString(), one.id);
    await two.commands.teleport.acceptTeleport(lure);
    const target = one.place(one.id);
    await until(() => {
      const place = one.place(two.id);
      return place && Math.hypot(place.x - target.x, place.y - target.y) < 3;
    }, 'Alice should be beside Test User', 10_000);
  });

  await runner.case('a message by the control listener arrives as the grid\'s own', async () => {
    const sent = await server.post('/v1/im?wait=5', { to: one.id, message: 'five minutes left' });
    assert.equal(sent.status, 'delivered');
    const message = await one.receives((entry) => entry.text === 'five minutes left', 'the message');
    assert.equal(message.fromName, 'Second Life');
  });
}
