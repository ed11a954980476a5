// One avatar: a node-metaverse bot together with a record of what it was told.

import { Bot, BotOptionFlags, LoginParameters, Message, PacketFlags, PCode } from './library.mjs';
import { until } from './wait.mjs';

/** Starts a log-in of that account; used alone by the cases about refused log-ins. */
export function newBot({ loginUri, name, password = 'test', start = 'last' }) {
  const [first, last] = name.split(' ');
  const parameters = new LoginParameters();
  parameters.firstName = first;
  parameters.lastName = last;
  parameters.password = password;
  parameters.start = start;
  parameters.url = loginUri;
  return new Bot(parameters, BotOptionFlags.None);
}

/** The `start` of a log-in at a place in a region. */
export function startAt(region, x, y, z) {
  return `uri:${region}&${x}&${y}&${z}`;
}

export class Client {
  name;
  bot;
  id;
  /** Local chat that this avatar heard, oldest first. */
  heard = [];
  /** Instant messages and typing notices, oldest first. */
  messages = [];
  /** Lines of group chats and conferences, oldest first. */
  groupLines = [];
  /** The library's events about people, oldest first. */
  invites = [];
  notices = [];
  friendRequests = [];
  friendResponses = [];
  friendRights = [];
  lures = [];
  /** What objects asked, as the library tells it. */
  dialogs = [];
  /** Friends that came or went: `{id, online}`. */
  presence = [];
  /** Animations by avatar id, as last told. */
  animations = new Map();
  /** Parcel events of the event queue. */
  parcelEvents = [];
  /** Local ids that were killed. */
  killed = [];
  /** How the connection ended, once it has: `{requested, message}`. */
  ended = null;

  /** Logs in, connects, and waits until the library calls the region handshake complete. */
  static async enter(options) {
    const client = new Client();
    client.name = options.name;
    client.bot = newBot(options);
    const events = client.bot.clientEvents;
    events.onNearbyChat.subscribe((event) => client.heard.push(chat(event)));
    events.onInstantMessage.subscribe((event) => client.messages.push(message(event)));
    events.onParcelPropertiesEvent.subscribe((event) => client.parcelEvents.push(event));
    events.onGroupChat.subscribe((event) => client.groupLines.push(groupLine(event)));
    events.onGroupInvite.subscribe((event) => client.invites.push(event));
    events.onGroupNotice.subscribe((event) => client.notices.push(event));
    events.onFriendRequest.subscribe((event) => client.friendRequests.push(event));
    events.onFriendResponse.subscribe((event) => client.friendResponses.push(event));
    events.onFriendRights.subscribe((event) => client.friendRights.push(event));
    events.onFriendOnline.subscribe((event) => {
      client.presence.push({ id: event.friend.getKey().toString(), online: event.online });
    });
    events.onLure.subscribe((event) => client.lures.push(event));
    events.onScriptDialog.subscribe((event) => client.dialogs.push(event));
    events.onDisconnected.subscribe((event) => {
      client.ended = { requested: event.requested, message: event.message };
    });
    client.login = await client.bot.login();
    client.id = client.bot.agentID().toString();
    client.region.circuit.subscribeToMessages([Message.AvatarAnimation, Message.KillObject], (packet) => {
      client.#packet(packet.message);
    });
    await client.bot.connectToSim();
    await client.commands.region.waitForHandshake();
    return client;
  }

  get region() {
    return this.bot.currentRegion;
  }

  get commands() {
    return this.bot.clientCommands;
  }

  /** The library's avatar of that id, or undefined. */
  avatar(id) {
    return this.region.agents.get(id);
  }

  /** The avatar object of that id as the last object update told it, or undefined. */
  avatarObject(id) {
    const objects = this.region.objects;
    const object = objects.objects.get(objects.objectsByUUID.get(id));
    return object?.PCode === PCode.Avatar ? object : undefined;
  }

  /** Where this client sees the avatar of that id: `{x, y, z}` or undefined. */
  place(id) {
    return this.avatarObject(id)?.Position;
  }

  /** Waits until this client sees the avatar: its object and its name. */
  async sees(other, timeoutMs = 10_000) {
    await until(
      () => this.avatarObject(other.id) && this.avatar(other.id)?.getName() === other.name,
      () =>
        `${this.name} should see ${other.name}: object ${Boolean(this.avatarObject(other.id))}, ` +
        `name ${this.avatar(other.id)?.getName()}`,
      timeoutMs,
    );
  }

  /** Waits for a line of local chat. */
  async hears(matches, what, timeoutMs) {
    return until(() => this.heard.find(matches), `${this.name} should hear ${what}`, timeoutMs);
  }

  /** Waits for an instant message. */
  async receives(matches, what, timeoutMs) {
    return until(() => this.messages.find(matches), `${this.name} should receive ${what}`, timeoutMs);
  }

  /** Waits for a line of a group chat or a conference. */
  async hearsGroup(matches, what, timeoutMs) {
    return until(() => this.groupLines.find(matches), `${this.name} should hear ${what}`, timeoutMs);
  }

  /** Sends a message that the library has no command for, and waits for its ack. */
  async sends(message) {
    const { circuit } = this.region;
    await circuit.waitForAck(circuit.sendMessage(message, PacketFlags.Reliable), 10_000);
  }

  /** Posts to the capability for chat sessions. */
  async chatSession(body) {
    return this.region.caps.capsPostXML('ChatSessionRequest', body);
  }

  /** Logs out the orderly way. */
  async leave() {
    await this.bot.close();
  }

  #packet(message) {
    if (message.id === Message.AvatarAnimation) {
      const list = message.AnimationList.map((entry) => entry.AnimID.toString());
      this.animations.set(message.Sender.ID.toString(), list);
    } else {
      this.killed.push(...message.ObjectData.map((entry) => entry.ID));
    }
  }
}

function chat(event) {
  return {
    from: event.from.toString(),
    fromName: event.fromName,
    owner: event.ownerID.toString(),
    type: event.chatType,
    source: event.sourceType,
    audible: event.audible,
    position: event.position,
    text: event.message,
  };
}

function message(event) {
  return {
    from: event.from.toString(),
    fromName: event.fromName,
    flags: event.flags,
    text: event.message,
  };
}

function groupLine(event) {
  return {
    group: event.groupID.toString(),
    from: event.from.toString(),
    fromName: event.fromName,
    text: event.message,
  };
}
