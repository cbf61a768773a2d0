//! A checkpoint of the size that people fetch.

use captioner_hub_server::{Fault, FaultKind, Side};

use crate::world::{MODEL, World, assert_holds, id, model};

#[test]
#[ignore = "long: 700 MB"]
fn a_checkpoint_of_700_mb_survives_a_cut_at_every_50_mb() {
    let len = 350_000_000;
    let world = World::with_model(len);
    let cut = Fault::new(FaultKind::CutAfter(50_000_000)).side(Side::Cdn);
    world.server.state().add_fault(cut);
    let begun = std::time::Instant::now();
    let folder = world.hub().model(&id(MODEL)).unwrap();
    eprintln!("fetched in {:?}", begun.elapsed());
    assert_holds(&folder, &model(len));
    assert!(world.requests(Side::Cdn).len() >= 14);
}
