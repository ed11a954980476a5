// What the suite uses of node-metaverse, including the enumerations that its main module leaves out.

import nmv from '@caspertech/node-metaverse';
import long from 'long';
import animations from '@caspertech/node-metaverse/dist/lib/enums/BuiltInAnimations.js';
import chatTypes from '@caspertech/node-metaverse/dist/lib/enums/ChatType.js';
import messages from '@caspertech/node-metaverse/dist/lib/enums/Message.js';
import rights from '@caspertech/node-metaverse/dist/lib/enums/RightsFlags.js';
import createGroup from '@caspertech/node-metaverse/dist/lib/classes/messages/CreateGroupRequest.js';
import roleUpdate from '@caspertech/node-metaverse/dist/lib/classes/messages/GroupRoleUpdate.js';
import packetFlags from '@caspertech/node-metaverse/dist/lib/enums/PacketFlags.js';

export const {
  AssetType,
  Bot,
  BotOptionFlags,
  ChatSourceType,
  ControlFlags,
  FolderType,
  InstantMessageEventFlags,
  LoginParameters,
  PCode,
  UUID,
  Vector3,
} = nmv;
export const { BuiltInAnimations } = animations;
export const { ChatType } = chatTypes;
export const { Message } = messages;
export const Long = long;
export const { RightsFlags } = rights;
export const { PacketFlags } = packetFlags;
/** Messages that the library has no command for. */
export const groupMessages = { ...createGroup, ...roleUpdate, Message };

// The library's logger ends the process at an exception that nobody caught. Here the runner reports
// such an exception and the suite goes on.
process.removeAllListeners('uncaughtException');
