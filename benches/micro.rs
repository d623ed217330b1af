//! Times of the parts of a webhook's way: `cargo bench --bench micro`.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    reason = "a measuring program: what is not there ends it"
)]

mod cases;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().without_plots();
    for (name, mut run) in cases::cases() {
        criterion.bench_function(name, |bencher| bencher.iter(&mut run));
    }
    criterion.final_summary();
}
