//! A frame at 200x50 over 1,000 nodes and 30,000 pods, medians. `frames` has the percentiles at five times
//! that size.

mod console;

use console::{Cluster, Console};
use constable::engine::StartScreen;
use divan::Bencher;
use divan::counter::ItemsCount;

const CLUSTER: Cluster = Cluster {
    nodes: 1_000,
    pods: 30_000,
    ingresses: 200,
};
const SCREENS: [StartScreen; 4] = [
    StartScreen::Overview,
    StartScreen::Jobs,
    StartScreen::Nodes,
    StartScreen::Pods,
];

fn main() {
    divan::main();
}

/// Nothing but the time has changed.
#[divan::bench(args = SCREENS, sample_count = 50)]
fn frame(bencher: Bencher<'_, '_>, screen: StartScreen) {
    let mut console = Console::new(CLUSTER, screen);
    bencher.bench_local(|| {
        console.pass(1_000);
        console.frame()
    });
}

/// A hundred pods have changed since the last frame, as in a busy second of a large platform.
#[divan::bench(args = SCREENS, sample_count = 50)]
fn frame_after_a_hundred_changes(bencher: Bencher<'_, '_>, screen: StartScreen) {
    let console = std::cell::RefCell::new(Console::new(CLUSTER, screen));
    let mut turn = 0;
    bencher
        .counter(ItemsCount::new(100_usize))
        .with_inputs(|| {
            turn += 1;
            console.borrow_mut().changed_pods(100, turn)
        })
        .bench_local_values(|event| {
            let mut console = console.borrow_mut();
            console.pass(1_000);
            console.handle(event);
            console.work();
            console.frame()
        });
}
