// Groups: profiles, roles, creation, invitations, notices.

import assert from 'node:assert/strict';
import { Long, UUID, groupMessages } from '../lib/library.mjs';
import { until } from '../lib/wait.mjs';

export const RESIDENTS = 'Holm Residents';

/** The group of that name as the control listener tells it. */
export async function groupNamed(server, name) {
  const { groups } = await server.get('/v1/groups');
  const group = groups.find((entry) => entry.name === name);
  assert.ok(group, `no group ${name} among ${groups.map((entry) => entry.name).join(', ')}`);
  return group;
}

export async function groups(world) {
  const { runner, server } = world;
  const one = world.clients['Test User'];
  const two = world.clients['Alice Tester'];
  const three = world.clients['Bob Tester'];

  await runner.case('the ready-made group has its profile, roles and members', async () => {
    const { id } = await groupNamed(server, RESIDENTS);
    const profile = await one.commands.group.getGroupProfile(id);
    assert.equal(profile.Name, RESIDENTS);
    assert.equal(profile.OpenEnrollment, true);
    const roles = await one.commands.group.getGroupRoles(id);
    assert.deepEqual(roles.map((role) => role.Name).sort(), ['Everyone', 'Officers', 'Owners']);
    assert.ok(roles.some((role) => role.RoleID.isZero()));
    const members = await one.commands.group.getMemberList(id);
    const ids = members.map((member) => member.AgentID.toString());
    for (const client of [one, two, three]) {
      assert.ok(ids.includes(client.id), `${client.name} is no member`);
    }
    const owners = members.filter((member) => member.IsOwner);
    assert.deepEqual(owners.map((member) => member.AgentID.toString()), [one.id]);
    assert.ok(members.every((member) => member.OnlineStatus === 'Online'));
  });

  await runner.case('a group is created, and its founder is its owner', async () => {
    const reply = await create(one, 'Weavers of Holm');
    assert.equal(reply.ReplyData.Success, true, reply.ReplyData.Message.toString());
    const id = reply.ReplyData.GroupID.toString();
    const profile = await one.commands.group.getGroupProfile(id);
    assert.equal(profile.FounderID.toString(), one.id);
    assert.equal(profile.GroupMembershipCount, 1);
    const [member] = await one.commands.group.getMemberList(id);
    assert.equal(member.IsOwner, true);
    world.weavers = id;
  });

  await runner.case('a second group of the same name is refused', async () => {
    const reply = await create(two, 'weavers of holm');
    assert.equal(reply.ReplyData.Success, false);
    assert.match(reply.ReplyData.Message.toString(), /same name/);
    assert.equal(reply.ReplyData.GroupID.isZero(), true);
  });

  await runner.case('an invitation is shown and accepted', async () => {
    await one.commands.group.sendGroupInvite(world.weavers, two.id, UUID.zero());
    const invite = await until(
      () => two.invites.find((entry) => entry.from.toString() === world.weavers),
      'Alice should be invited',
    );
    assert.equal(invite.fromName, one.name);
    await two.commands.group.acceptGroupInvite(invite);
    await until(async () => {
      const members = await one.commands.group.getMemberList(world.weavers);
      return members.some((member) => member.AgentID.toString() === two.id);
    }, 'Alice should be a member');
  });

  await runner.case('an invitation that is declined makes no member', async () => {
    await one.commands.group.sendGroupInvite(world.weavers, three.id, UUID.zero());
    const invite = await until(
      () => three.invites.find((entry) => entry.from.toString() === world.weavers),
      'Bob should be invited',
    );
    await three.commands.group.rejectGroupInvite(invite);
    // The next invitation comes after the refusal was handled.
    await one.commands.group.sendGroupInvite(world.weavers, three.id, UUID.zero());
    await until(
      () => three.invites.filter((entry) => entry.from.toString() === world.weavers).length === 2,
      'Bob should be invited again',
    );
    const members = await one.commands.group.getMemberList(world.weavers);
    assert.ok(!members.some((member) => member.AgentID.toString() === three.id));
  });

  await runner.case('a notice reaches the members of its group', async () => {
    await one.commands.group.sendGroupNotice(world.weavers, 'Loom', 'The loom is ready. äöü');
    const notice = await until(
      () => two.notices.find((entry) => entry.subject === 'Loom'),
      'Alice should get the notice',
    );
    assert.equal(notice.message, 'The loom is ready. äöü');
    assert.equal(notice.groupID.toString(), world.weavers);
    assert.equal(notice.fromName, one.name);
    assert.equal(three.notices.length, 0, 'Bob is no member');
  });

  await runner.case('a new role is seen by the members', async () => {
    const { GroupRoleUpdateMessage } = groupMessages;
    const update = new GroupRoleUpdateMessage();
    update.AgentData = { ...identity(one), GroupID: new UUID(world.weavers) };
    update.RoleData = [{
      RoleID: UUID.random(), Name: text('Dyers'), Description: text('Colours'),
      Title: text('Dyer of Holm'), Powers: Long.UZERO, UpdateType: 4,
    }];
    await one.sends(update);
    const role = await until(async () => {
      const roles = await two.commands.group.getGroupRoles(world.weavers);
      return roles.find((entry) => entry.Name === 'Dyers');
    }, 'the role should exist');
    assert.equal(role.Title, 'Dyer of Holm');
  });

  await runner.case('a member is ejected, and is none any more', async () => {
    await one.commands.group.ejectFromGroup(world.weavers, two.id);
    await two.receives((entry) => /ejected/.test(entry.text), 'that she was ejected');
    const members = await one.commands.group.getMemberList(world.weavers);
    assert.deepEqual(members.map((member) => member.AgentID.toString()), [one.id]);
  });
}

/** CreateGroupRequest, which the library has no command for. */
async function create(client, name) {
  const { CreateGroupRequestMessage, Message } = groupMessages;
  const request = new CreateGroupRequestMessage();
  request.AgentData = identity(client);
  request.GroupData = {
    Name: text(name), Charter: text('What we do.'), ShowInList: true, InsigniaID: UUID.zero(),
    MembershipFee: 0, OpenEnrollment: false, AllowPublish: false, MaturePublish: false,
  };
  const answer = client.region.circuit.waitForMessage(Message.CreateGroupReply, 10_000);
  await client.sends(request);
  return answer;
}

function identity(client) {
  return { AgentID: client.bot.agent.agentID, SessionID: client.region.circuit.sessionID };
}

function text(value) {
  return Buffer.from(`${value}\0`, 'utf8');
}
