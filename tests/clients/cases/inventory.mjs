// Reading the inventory, the library and assets.

import assert from 'node:assert/strict';
import { AssetType, FolderType, UUID } from '../lib/library.mjs';

export async function inventory(world) {
  const { runner } = world;
  const client = world.clients['Test User'];
  const agent = client.bot.agent;

  await runner.case('the inventory has the standard folders below one root', async () => {
    const root = client.commands.inventory.getInventoryRoot();
    const children = root.getChildFolders();
    const types = new Set(children.map((folder) => folder.typeDefault));
    for (const type of [
      FolderType.Texture, FolderType.Sound, FolderType.CallingCard, FolderType.Landmark,
      FolderType.Clothing, FolderType.Object, FolderType.Notecard, FolderType.LSLText,
      FolderType.BodyPart, FolderType.Trash, FolderType.Snapshot, FolderType.LostAndFound,
      FolderType.Animation, FolderType.Gesture, FolderType.CurrentOutfit,
    ]) {
      assert.ok(types.has(type), `no folder of type ${FolderType[type]}`);
    }
  });

  await runner.case('fetching the root gives the same folders', async () => {
    const root = client.commands.inventory.getInventoryRoot();
    const known = root.getChildFolders().map((folder) => folder.folderID.toString()).sort();
    await root.populate(false);
    assert.deepEqual(root.folders.map((folder) => folder.folderID.toString()).sort(), known);
  });

  await runner.case('the current outfit holds links whose items can be fetched', async () => {
    const outfit = agent.inventory.findFolder(agent.inventory.findFolderForType(FolderType.CurrentOutfit));
    await outfit.populate(false);
    assert.ok(outfit.items.length > 0, 'the outfit is empty');
    for (const link of outfit.items) {
      assert.equal(link.type, AssetType.Link);
      const item = await agent.inventory.fetchInventoryItem(link.assetID);
      assert.ok(item, `the target of ${link.name} is not there`);
      assert.equal(item.itemID.toString(), link.assetID.toString());
    }
  });

  await runner.case('what the outfit links to can be downloaded', async () => {
    const outfit = agent.inventory.findFolder(agent.inventory.findFolderForType(FolderType.CurrentOutfit));
    for (const link of outfit.items) {
      const item = await agent.inventory.fetchInventoryItem(link.assetID);
      const data = await client.commands.asset.downloadAsset(item.type, item.assetID);
      assert.match(data.toString('utf-8'), /^LLWearable version /);
    }
  });

  await runner.case('the library has a root and folders that can be fetched', async () => {
    const root = client.commands.inventory.getLibraryRoot();
    await root.populate(false);
    assert.ok(root.folders.length > 0, 'the library is empty');
    for (const folder of root.folders) {
      await folder.populate(false);
    }
  });

  await runner.case('terrain textures can be downloaded', async () => {
    const textures = client.commands.region.getTerrainTextures();
    assert.ok(textures.length >= 4);
    for (const id of textures.filter((texture) => !texture.isZero())) {
      const data = await client.commands.asset.downloadAsset(AssetType.Texture, id);
      // A JPEG 2000 code stream begins with SOC and SIZ, a JP2 file with its signature box.
      const magic = data.subarray(0, 4).toString('hex');
      assert.ok(['ff4fff51', '0000000c'].includes(magic), `${id} begins with ${magic}`);
    }
  });

  await runner.case('an unknown asset is not found', async () => {
    await assert.rejects(
      client.commands.asset.downloadAsset(AssetType.Texture, UUID.random()),
      /404/,
    );
  });
}
