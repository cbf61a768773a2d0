//! Time against rows and against length: it should grow in step with rows.
//!
//! ```text
//! cargo bench -p captioner-metrics --bench growth
//! ```

mod made_up;

use captioner_metrics::{METRIC_NAMES, metric};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn growth(criterion: &mut Criterion) {
    for name in METRIC_NAMES {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for rows in [1_250, 5_000, 20_000] {
            let (predictions, references) = made_up::rows(rows);
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
