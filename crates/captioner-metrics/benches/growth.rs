//! Time against rows and against length: it should grow in step with rows.
//!
//! ```text
//! cargo bench -p captioner-metrics --bench growth
//! ```

mod synthetic;

use captioner_metrics::{METRIC_NAMES, borrow_captions, borrow_references, metric};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn growth(criterion: &mut Criterion) {
    for name in METRIC_NAMES {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for rows in [1_250, 5_000, 20_000] {
            let (predictions, references) = synthetic::rows(rows);
            let predictions = borrow_captions(&predictions);
            let references = borrow_references(&references);
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
                bencher.iter(|| {
                    let mut metric = metric(name).expect("a listed name");
                    metric
                        .update(&predictions, &references)
                        .expect("paired rows");
                    metric.compute().expect("rows came")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, growth);
criterion_main!(benches);
