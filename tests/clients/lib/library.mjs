// What the suite uses of node-metaverse, including the enumerations that its main module leaves out.

import nmv from '@caspertech/node-metaverse';
import animations from '@caspertech/node-metaverse/dist/lib/enums/BuiltInAnimations.js';
import chatTypes from '@caspertech/node-metaverse/dist/lib/enums/ChatType.js';
import messages from '@caspertech/node-metaverse/dist/lib/enums/Message.js';

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
} = nmv;
export const { BuiltInAnimations } = animations;
export const { ChatType } = chatTypes;
export const { Message } = messages;

// The library's logger ends the process at an exception that nobody caught. Here the runner reports
// such an exception and the suite goes on.
process.removeAllListeners('uncaughtException');
