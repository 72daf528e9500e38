//! Times the cold scan, an instruction set after the other, interleaved; see `bench/README.md`.
//!
//! ```text
//! cargo run --release --example scan -- --rows 1000000 --bytes 48 --json
//! cargo run --release --example scan -- --vectors documents.f16.npy --queries queries.f16.npy --bytes 24
//! ```
//!
//! Vectors are unit rows of half floats (`.npy`); without files they are made up, with variances that fall like eigenvalues of
//! embeddings. With `--rows` above what a file has, further rows are random blends of two of its rows. `--random` scans random
//! codes instead, which takes no encoding. `--isa avx2` and `--kinds whole,progressive,filtered` choose what is timed.
//! `--cache FOLDER` keeps codebook and codes for the next run.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use thermocline_kernel::{
    Codec, CodecSpec, Control, Effort, Isa, Metric, Partition, Request, Sample, Snapshot, from_float16, similarities,
    to_unit,
};

/// Rows of a block, as a store has them.
const BLOCK: usize = 4096;

/// Rows that a codebook is fitted on.
const SAMPLE: usize = 20_000;

type Failure = Box<dyn std::error::Error>;

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn parse() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let value = |i: usize| arguments.get(i + 1).filter(|next| !next.starts_with("--")).cloned().unwrap_or_default();
        let named =
            arguments.iter().enumerate().filter_map(|(i, a)| Some((a.strip_prefix("--")?.to_owned(), value(i))));
        Self(named.collect())
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.0.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    fn vectors(&self, name: &str) -> Result<Option<(usize, Vec<f32>)>, Failure> {
        let Some(path) = self.0.get(name) else { return Ok(None) };
        let file = std::fs::read(path)?;
        let header = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
        let text = String::from_utf8_lossy(&file[10..header]);
        let dim = text.split([',', ')', '(']).filter_map(|part| part.trim().parse().ok()).next_back();
        let mut vectors = from_float16(&file[header..])?;
        let dim = dim.ok_or("the header names no dimension")?;
        to_unit(&mut vectors, dim)?;
        Ok(Some((dim, vectors)))
    }
}

/// Unit rows whose j-th component has standard deviation (j + 1)^-½.
fn made_up(n: usize, dim: usize, random: &mut fastrand::Rng) -> Vec<f32> {
    let mut normal = || (0..12).map(|_| random.f32()).sum::<f32>() - 6.0;
    let mut rows: Vec<f32> = (0..n * dim).map(|i| normal() / ((i % dim + 1) as f32).sqrt()).collect();
    to_unit(&mut rows, dim).expect("whole rows");
    rows
}

/// Rows `start..end`: of the source, then blends of its rows, or further ones that are made up.
fn rows_of(source: &[f32], dim: usize, start: usize, end: usize, blends: bool) -> Vec<f32> {
    let n = source.len() / dim;
    let mut rows = Vec::with_capacity((end - start) * dim);
    for row in start..end {
        if row < n {
            rows.extend_from_slice(&source[row * dim..][..dim]);
        } else {
            let mut random = fastrand::Rng::with_seed(row as u64);
            if !blends {
                rows.extend(made_up(1, dim, &mut random));
                continue;
            }
            let (a, b, share) = (random.usize(..n) * dim, random.usize(..n) * dim, 0.2 + 0.3 * random.f32());
            rows.extend((0..dim).map(|i| (1.0 - share) * source[a + i] + share * source[b + i]));
        }
    }
    to_unit(&mut rows, dim).expect("whole rows");
    rows
}

/// The file at `path`, or what `make` gives, which is then kept there.
fn kept(path: Option<String>, make: impl FnOnce() -> Result<Vec<u8>, Failure>) -> Result<Vec<u8>, Failure> {
    match path {
        Some(path) if Path::new(&path).exists() => Ok(std::fs::read(path)?),
        Some(path) => {
            let made = make()?;
            std::fs::write(path, &made)?;
            Ok(made)
        }
        None => make(),
    }
}

/// Bytes a second that one thread reads from memory, the best of five passes over 512 MB.
fn read_bandwidth() -> f64 {
    let buffer = vec![1u64; 64 << 20];
    let pass = || {
        let start = Instant::now();
        let sums = buffer.as_chunks::<32>().0.iter().fold([0u64; 32], |mut sums, chunk| {
            sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum = sum.wrapping_add(*x));
            sums
        });
        black_box(sums);
        (buffer.len() * 8) as f64 / start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| pass()).fold(0.0, f64::max)
}

/// The time below which a tenth of the calls stayed: on a shared machine the others say how busy it was.
fn quick(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 10]
}

struct Case {
    isa: Isa,
    progressive: bool,
    share: f64,
}

fn search(snapshot: &Snapshot, case: &Case, query: &[f32], k: usize, allow: Option<&[u8]>) -> Vec<u32> {
    let allow = if case.share < 1.0 { allow } else { None };
    let request =
        Request { queries: query, hot: 0, cold: k, allow, progressive: case.progressive, ..Request::default() };
    snapshot.search_with(case.isa, &request, &Control::default()).expect("a sound request").remove(0).cold.rows
}

fn overlap(found: &[Vec<u32>], expected: &[Vec<u32>]) -> f64 {
    let both = |(a, b): (&Vec<u32>, &Vec<u32>)| a.iter().filter(|row| b.contains(row)).count();
    found.iter().zip(expected).map(both).sum::<usize>() as f64 / expected.iter().map(Vec::len).sum::<usize>() as f64
}

#[allow(clippy::too_many_lines, reason = "one report, from top to bottom")]
fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let (bytes, k) = (arguments.number("bytes", 48), arguments.number("k", 10));
    let share: f64 = arguments.number("allow", 0.01);
    let mut random = fastrand::Rng::with_seed(1);
    let (dim, source) = match arguments.vectors("vectors")? {
        Some(vectors) => vectors,
        None => (arguments.number("dim", 384), made_up(SAMPLE, arguments.number("dim", 384), &mut random)),
    };
    let n: usize = arguments.number("rows", source.len() / dim);
    let queries = match arguments.vectors("queries")? {
        Some((_, queries)) => queries,
        None => made_up(200, dim, &mut random),
    };
    let asked: Vec<&[f32]> = queries.chunks_exact(dim).take(arguments.number("asked", 50)).collect();

    let blends = arguments.0.contains_key("vectors");
    let random_codes = arguments.0.contains_key("random");
    let cache = |what: &str| arguments.0.get("cache").map(|folder| format!("{folder}/{what}-{n}-{bytes}"));
    let kind = if arguments.0.contains_key("vectors") { "codebook-vectors" } else { "codebook-made-up" };
    let sample: Vec<f32> = source
        .chunks_exact(dim)
        .step_by((source.len() / dim / SAMPLE).max(1))
        .take(SAMPLE)
        .flatten()
        .copied()
        .collect();
    let spec = CodecSpec::Eigen { bytes, seed: 0, effort: Effort::Best };
    let control = Control::default();
    let codebook = kept(arguments.0.get("cache").map(|folder| format!("{folder}/{kind}-{bytes}")), || {
        Ok(spec.fit(Metric::Cosine, dim, Sample::of(&sample), &control)?)
    })?;
    let codec = Arc::new(Codec::parse(&codebook)?);
    let codes = kept(cache(if random_codes { "random" } else { "codes" }), || {
        if random_codes {
            return Ok((0..n * bytes).map(|_| random.u8(..)).collect());
        }
        let blocks = (0..n)
            .step_by(BLOCK)
            .map(|start| codec.encode(&rows_of(&source, dim, start, n.min(start + BLOCK), blends)));
        Ok(blocks.collect::<Result<Vec<_>, _>>()?.concat())
    })?;
    let mut partition = Partition::new(dim, Metric::Cosine);
    let numbers: Vec<u32> = (0..n as u32).collect();
    for (block, (numbers, codes)) in numbers.chunks(BLOCK).zip(codes.chunks(BLOCK * bytes)).enumerate() {
        partition.set_block(block as u32, &codec, numbers, codes, &[0xff; BLOCK / 8][..numbers.len().div_ceil(8)])?;
    }
    let mut single = Partition::new(dim, Metric::Cosine);
    single.set_block(0, &codec, &[0], &codes[..bytes], &[1])?;
    let (snapshot, single) = (partition.snapshot(), single.snapshot());
    let mut allow = vec![0u8; n.div_ceil(8)];
    for row in 0..n {
        allow[row / 8] |= u8::from(random.f64() < share) << (row % 8);
    }

    let mut cases = Vec::new();
    for isa in Isa::available() {
        for (kind, progressive, share) in
            [("whole", false, 1.0), ("progressive", true, 1.0), ("filtered", false, share)]
        {
            let wanted = |option: &str, name: &str| {
                arguments.0.get(option).is_none_or(|names| names.split(',').any(|wanted| wanted == name))
            };
            if wanted("isa", isa.name()) && wanted("kinds", kind) {
                cases.push(Case { isa, progressive, share });
            }
        }
    }
    let repeats: usize = arguments.number("repeats", 5);
    let mut seconds = vec![Vec::new(); cases.len()];
    let mut prepared = Vec::new();
    for (turn, query) in (0..repeats).flat_map(|_| &asked).enumerate() {
        // Each case comes first, second, … equally often.
        for i in (turn..turn + cases.len()).map(|i| i % cases.len()) {
            let (case, seconds) = (&cases[i], &mut seconds[i]);
            // Whatever ran before has left its own data in the caches.
            black_box(search(&snapshot, case, query, k, Some(&allow)));
            let start = Instant::now();
            black_box(search(&snapshot, case, query, k, Some(&allow)));
            seconds.push(start.elapsed().as_secs_f64());
        }
        let start = Instant::now();
        black_box(search(&single, &cases[0], query, 1, None));
        prepared.push(start.elapsed().as_secs_f64());
    }
    let prepared = quick(&mut prepared);
    let bandwidth = read_bandwidth();

    let exact: Option<Vec<Vec<u32>>> = arguments.0.contains_key("exact").then(|| {
        let mut best: Vec<Vec<(f32, u32)>> = vec![Vec::new(); asked.len()];
        for start in (0..n).step_by(BLOCK) {
            let rows = rows_of(&source, dim, start, n.min(start + BLOCK), blends);
            for (query, best) in asked.iter().zip(&mut best) {
                let scores = similarities(Metric::Cosine, query, &rows).expect("whole rows");
                best.extend(scores.into_iter().zip(start as u32..));
                best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                best.truncate(k);
            }
        }
        best.into_iter().map(|best| best.into_iter().map(|(_, row)| row).collect()).collect()
    });
    let answers = |case: &Case| -> Vec<Vec<u32>> {
        asked.iter().map(|query| search(&snapshot, case, query, k, Some(&allow))).collect()
    };
    let whole = answers(&cases[0]);
    for (case, seconds) in cases.iter().zip(&mut seconds) {
        let per_query = quick(seconds);
        let found = answers(case);
        let row = json!({
            "isa": case.isa.name(),
            "rows": n,
            "dim": dim,
            "bytes": bytes,
            "k": k,
            "progressive": case.progressive,
            "allow": case.share,
            "microsPerQuery": per_query * 1e6,
            "microsOfTables": prepared * 1e6,
            "nsPerRow": (per_query - prepared) * 1e9 / n as f64,
            "overlapWhole": (case.share >= 1.0).then(|| overlap(&found, &whole)),
            "overlapExact": exact.as_ref().filter(|_| case.share >= 1.0).map(|exact| overlap(&found, exact)),
            "readGBPerSecond": bandwidth / 1e9,
            "roofline": (n * bytes) as f64 / bandwidth / (per_query - prepared),
        });
        if arguments.0.contains_key("json") {
            println!("{row}");
        } else {
            println!(
                "{:9} {:9} rows {:3} B  progressive {:5}  allow {:4}: {:8.1} µs a query, {:6.3} ns a row, {:4.0} % of {:.1} GB/s{}",
                case.isa.name(),
                n,
                bytes,
                case.progressive,
                case.share,
                per_query * 1e6,
                (per_query - prepared) * 1e9 / n as f64,
                100.0 * (n * bytes) as f64 / bandwidth / (per_query - prepared),
                bandwidth / 1e9,
                if case.share < 1.0 {
                    String::new()
                } else {
                    format!(", overlap {} with the whole scan, {} with exact", row["overlapWhole"], row["overlapExact"])
                },
            );
        }
    }
    if !arguments.0.contains_key("json") {
        println!("tables: {:.1} µs a query (within the above)", prepared * 1e6);
    }
    Ok(())
}
