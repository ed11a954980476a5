// Walking, flying and sitting on the ground, as somebody else sees it.
//
// The library takes its control flags back when it hears that its avatar walks or lands, so a case
// that moves sets them again with every update, as a program that wants to walk has to.

import assert from 'node:assert/strict';
import { BuiltInAnimations, ControlFlags } from '../lib/library.mjs';
import { until } from '../lib/wait.mjs';

const UPDATE_MS = 100;

export async function movement(world) {
  const { runner } = world;
  const mover = world.clients['Test User'];
  const watcher = world.clients['Alice Tester'];
  const place = () => watcher.place(mover.id);
  const animations = () => watcher.animations.get(mover.id) ?? [];

  await runner.case('walking forward moves the avatar for others', async () => {
    const from = place();
    await holding(mover, ControlFlags.AGENT_CONTROL_AT_POS, async () => {
      await until(
        () => place().x > from.x + 4,
        () => `the avatar should walk 4 m east of ${from.x}, is at ${place().x}`,
        10_000,
      );
      assert.ok(animations().includes(BuiltInAnimations.WALK), `animations ${animations()}`);
    });
    const to = place();
    assert.ok(Math.abs(to.y - from.y) < 0.5, `it went astray: y from ${from.y} to ${to.y}`);
    assert.ok(Math.abs(to.z - from.z) < 2, `it left the ground: z from ${from.z} to ${to.z}`);
  });

  await runner.case('without control flags it stops and stands', async () => {
    await until(
      () => animations().includes(BuiltInAnimations.STAND),
      () => `the avatar should stand, animations ${animations()}`,
    );
    await until(
      () => watcher.avatarObject(mover.id).Velocity.length() < 0.05,
      () => `the avatar should stop, velocity ${watcher.avatarObject(mover.id).Velocity}`,
    );
  });

  await runner.case('running is faster than walking', async () => {
    const walk = await speed(mover, watcher, ControlFlags.AGENT_CONTROL_AT_NEG);
    const run = await speed(
      mover,
      watcher,
      ControlFlags.AGENT_CONTROL_AT_NEG | ControlFlags.AGENT_CONTROL_FAST_AT,
    );
    assert.ok(run > walk * 1.2, `walks ${walk} m/s, runs ${run} m/s`);
  });

  await runner.case('flying up lifts the avatar, and it comes down again', async () => {
    const ground = place().z;
    const flags = ControlFlags.AGENT_CONTROL_FLY | ControlFlags.AGENT_CONTROL_UP_POS;
    await holding(mover, flags, async () => {
      await until(() => place().z > ground + 3, () => `it should rise above ${ground + 3}, is at ${place().z}`, 10_000);
    });
    await until(
      () => Math.abs(place().z - ground) < 0.6,
      () => `it should be down at ${ground} again, is at ${place().z}`,
      15_000,
    );
  });

  await runner.case('sitting on the ground and standing up show', async () => {
    mover.commands.movement.sitOnGround();
    await until(
      () =>
        animations().includes(BuiltInAnimations.SIT_GROUND) ||
        animations().includes(BuiltInAnimations.SIT_GROUND_CONSTRAINED),
      () => `the avatar should sit, animations ${animations()}`,
    );
    mover.commands.movement.stand();
    await until(
      () => animations().includes(BuiltInAnimations.STAND),
      () => `the avatar should stand, animations ${animations()}`,
    );
  });
}

/** The speed over ground while these flags are held, in metres per second. */
async function speed(mover, watcher, flags) {
  const place = () => watcher.place(mover.id);
  let result;
  await holding(mover, flags, async () => {
    const rest = place();
    await until(() => place().distance(rest) > 1, 'the avatar should move', 5_000);
    const start = place();
    const begin = performance.now();
    await until(() => place().distance(start) > 3, 'the avatar should move on', 5_000);
    result = (place().distance(start) / (performance.now() - begin)) * 1_000;
  });
  await until(
    () => watcher.avatarObject(mover.id).Velocity.length() < 0.05,
    () => `the avatar should stop, velocity ${watcher.avatarObject(mover.id).Velocity} at ${place()}`,
    15_000,
  );
  return result;
}

/** Runs the body while the control flags are held, then lets them go. */
async function holding({ bot: { agent } }, flags, body) {
  const update = () => {
    agent.setControlFlag(flags);
    agent.sendAgentUpdate();
  };
  update();
  const timer = setInterval(update, UPDATE_MS);
  try {
    await body();
  } finally {
    clearInterval(timer);
    agent.clearControlFlag(flags);
    agent.sendAgentUpdate();
  }
}
