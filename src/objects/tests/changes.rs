//! What viewers are shown of changes, and which events scripts get.

use super::*;

#[test]
fn slots_are_used_again_but_numbers_are_not() {
    let mut scene = Scene::new();
    let first = scene.create(new_object("first", vec![])).unwrap();
    let second = scene.create(new_object("second", vec![])).unwrap();
    let prims = scene.objects.prims();
    let (slot, local_id) =
        (prims.slot_of(first.id).unwrap(), prims.by_id(first.id).unwrap().local_id);
    let (_, version) = prims.get(slot).unwrap();
    assert_eq!(prims.slot_of_local_id(local_id), Some(slot));
    assert_eq!((prims.slots(), prims.len()), (2, 2));
    let (_, last) = prims.get(prims.slot_of(second.id).unwrap()).unwrap();
    assert!(version < last && last == prims.version());

    let removed = scene.ask(|answer| ObjectCommand::Remove { object: first.id, answer });
    assert_eq!(removed, Ok(()));
    let prims = scene.objects.prims();
    assert!(prims.version() > last, "that something is gone is news");
    assert!(prims.get(slot).is_none() && prims.by_local_id(local_id).is_none());
    assert_eq!((prims.slots(), prims.len(), prims.is_empty()), (2, 1, false));

    let third = scene.create(new_object("third", vec![])).unwrap();
    let prims = scene.objects.prims();
    let (view, again) = prims.get(slot).unwrap();
    assert_eq!(view.id, third.id);
    assert!(again > version && view.local_id.0 == FIRST_LOCAL_ID + 2);
    assert_eq!(prims.slots(), 2);
}

#[test]
fn local_ids_begin_anew_when_they_run_out_and_pass_those_in_use() {
    let mut prims = Prims::default();
    let first = prims.new_local_id();
    assert_eq!(first.0, FIRST_LOCAL_ID);
    let mut scene = Scene::new();
    let id = scene.create(new_object("box", vec![])).unwrap().id;
    let view = PrimView { local_id: first, ..scene.view(id).clone() };
    prims.insert(view);
    prims.skip_to_last();
    assert_eq!(prims.new_local_id().0, u32::MAX - 1);
    assert_eq!(prims.new_local_id().0, FIRST_LOCAL_ID + 1);
}

#[test]
fn each_change_is_shown_and_told_as_lsl_tells_it() {
    let at = Vector3::new;
    let red = [1.0, 0.0, 0.0, 0.5];
    let cases: [(PrimChange, i32); 8] = [
        (PrimChange::Name("new".to_owned()), 0),
        (PrimChange::Description("what it is".to_owned()), 0),
        (PrimChange::Text("look".to_owned(), [1.5, -2.0, 0.0, 0.5]), 0),
        (PrimChange::Position(at(1.0, 2.0, 3.0)), 0),
        (PrimChange::Size(at(2.0, 2.0, 2.0)), 0x8),
        (PrimChange::Shape(Shape::Cylinder), 0x4),
        (PrimChange::Owner(owner(2)), 0x80),
        (PrimChange::Worn(None), 0),
    ];
    let mut scene = Scene::new();
    let (prims, _) = scene.linkset(2);
    for (change, mask) in cases {
        let last = scene.last_heard(prims[0]);
        let version = scene.objects.prims().version();
        assert_eq!(scene.change(prims[1], change.clone()), Ok(()), "{change:?}");
        let is_new = scene.objects.prims().version() > version;
        assert_eq!(is_new, change != PrimChange::Worn(None), "{change:?}");
        scene.run();
        let received: Vec<_> =
            scene.heard(prims[0], last).into_iter().map(|(_, event)| event).collect();
        let expected = if mask == 0 { 0 } else { 2 };
        assert_eq!(
            received,
            vec![ScriptEvent::Lsl(Event::Changed { mask }); expected],
            "{change:?}"
        );

        // The same again is no change.
        let (version, last) = (scene.objects.prims().version(), scene.last_heard(prims[0]));
        assert_eq!(scene.change(prims[1], change), Ok(()));
        scene.run();
        assert_eq!(scene.objects.prims().version(), version);
        assert_eq!(scene.last_heard(prims[0]), last);
    }
    let child = scene.view(prims[1]);
    assert_eq!((&*child.name, &*child.description), ("new", "what it is"));
    assert_eq!((&*child.text, child.text_color), ("look", red));
    assert_eq!((child.position, child.size.x), (at(1.0, 2.0, 3.0), 2.0));
    assert_eq!((child.shape, &child.owner), (Shape::Cylinder, &owner(2)));
    let root = scene.view(prims[0]);
    assert_eq!((&root.owner, root.position, root.shape), (&owner(2), HERE, Shape::Box));
    let offset = scene.report(prims[0]).unwrap().prims[1].offset;
    assert_eq!(offset, at(1.0, 2.0, 3.0));
}

#[test]
fn changes_that_cannot_be_change_nothing() {
    let mut scene = Scene::new();
    let (prims, _) = scene.linkset(2);
    let before = scene.objects.prims().version();
    let nowhere = Vector3::new(0.0, 300.0, 0.0);
    for (prim, change, field) in [
        (1, PrimChange::Name("a\u{1b}".to_owned()), "name"),
        (1, PrimChange::Description("\n".to_owned()), "description"),
        (1, PrimChange::Text("x".repeat(255), [0.0; 4]), "text"),
        (1, PrimChange::Text(String::new(), [f32::NAN; 4]), "color"),
        (1, PrimChange::Position(Vector3::new(f32::NAN, 0.0, 0.0)), "position"),
        (0, PrimChange::Position(nowhere), "position"),
        (1, PrimChange::Size(Vector3::default()), "size"),
        (1, PrimChange::Worn(Some((agent(2), 77))), "attachment_point"),
    ] {
        match scene.change(prims[prim], change) {
            Err(ObjectError::Value { field: at_fault, .. }) => assert_eq!(at_fault, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let nobody = scene.change(prims[1], PrimChange::Worn(Some((agent(2), 7))));
    assert_eq!(nobody, bus_error(lsl::BusError::UnknownAvatar(agent(2))));
    let nothing = scene.change(PrimId::NIL, PrimChange::Shape(Shape::Box));
    assert_eq!(nothing, Err(ObjectError::UnknownObject(PrimId::NIL)));
    assert_eq!(scene.objects.prims().version(), before);
}

#[test]
fn attachment_has_no_place_of_its_own_until_detached() {
    let mut scene = Scene::new();
    let avatar = scene.avatar(2, Vector3::new(300.0, 10.0, 20.0));
    let (prims, scripts) = scene.linkset(2);
    assert_eq!(scene.change(prims[1], PrimChange::Worn(Some((avatar, 5)))), Ok(()));
    let (root, child) = (scene.view(prims[0]), scene.view(prims[1]));
    assert_eq!((root.worn, child.worn), (Some((avatar, 5)), Some((avatar, 5))));
    assert_eq!(root.position, Vector3::default());
    let to = Vector3::new(250.0, 10.0, 20.0);
    scene.objects.avatar_moved(avatar, to);
    assert_eq!(scene.report(prims[0]).unwrap().position, to);

    // Neither moves nor dies.
    scene.call(scripts[0], ScriptCall::SetPosition(HERE)).unwrap();
    assert!(!scene.call(scripts[0], ScriptCall::Die).unwrap().died);
    assert_eq!(scene.view(prims[0]).position, Vector3::default());

    scene.objects.avatar_moved(avatar, Vector3::new(300.0, 10.0, 20.0));
    assert_eq!(scene.change(prims[0], PrimChange::Worn(None)), Ok(()));
    let place = Vector3::new(256.0, 10.0, 20.0);
    assert_eq!((scene.view(prims[0]).position, scene.view(prims[0]).worn), (place, None));
    assert_eq!(scene.report(prims[0]).unwrap().position, place);
}
