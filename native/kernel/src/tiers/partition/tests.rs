//! A partition against plain loops over the same rows.

use super::*;
use crate::codec::Scoring;
use crate::{CodecSpec, Control, Effort, Found, Isa, Ranking, Request, Sample, Search};

const DIM: usize = 20;

fn rows(n: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut rows: Vec<f32> = (0..n * DIM).map(|i| (random.f32() - 0.5) / (1.0 + (i % DIM) as f32)).collect();
    crate::to_unit(&mut rows, DIM).unwrap();
    rows
}

fn codec(spec: CodecSpec, sample: &[f32]) -> Arc<Codec> {
    Arc::new(Codec::parse(&spec.fit(Metric::Cosine, DIM, Sample::of(sample), &Control::default()).unwrap()).unwrap())
}

/// What a search must return: all rows scored, sorted by score and then by row.
fn sorted(mut scored: Vec<(u32, f32)>, k: usize) -> Vec<(u32, f32)> {
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(k);
    scored
}

fn search_one(snapshot: &Snapshot, request: &Request<'_>) -> Found {
    snapshot.search(request, &Control::default()).unwrap().remove(0)
}

fn pairs(ranking: &Ranking) -> Vec<(u32, f32)> {
    ranking.rows.iter().copied().zip(ranking.scores.iter().copied()).collect()
}

#[test]
fn hot_answers_are_those_of_a_plain_loop_after_any_puts_and_removes() {
    let vectors = rows(1000);
    let mut partition = Partition::new(DIM, Metric::Cosine);
    let numbers: Vec<u32> = (0..1000).map(|i| i * 3).collect();
    partition.put_hot(&numbers, &vectors).unwrap();
    let removed: Vec<u32> = numbers.iter().copied().filter(|row| row % 7 == 0 || *row > 2700).collect();
    partition.remove_hot(&removed);
    partition.remove_hot(&removed);
    // A row put again replaces its vector.
    partition.put_hot(&[3], &vectors[..DIM]).unwrap();

    let mut expected = Vec::new();
    for (row, vector) in numbers.iter().zip(vectors.chunks_exact(DIM)) {
        if !removed.contains(row) {
            let vector = if *row == 3 { &vectors[..DIM] } else { vector };
            expected.push((*row, crate::similarities(Metric::Cosine, &vectors[..DIM], vector).unwrap()[0]));
        }
    }
    assert_eq!(partition.count(None), [expected.len(), 0]);
    for k in [1, 10, 5000] {
        let request = Request { queries: &vectors[..DIM], hot: k, ..Request::default() };
        let found = search_one(&partition.snapshot(), &request);
        assert_eq!(pairs(&found.hot), sorted(expected.clone(), k));
    }
}

#[test]
fn cold_answers_are_equal_on_every_isa_and_those_of_scoring_every_row() {
    let vectors = rows(333);
    let eigen = |bytes| CodecSpec::Eigen { bytes, seed: 0, effort: Effort::Best };
    // Codes of one line, of two and of three, each of which lies in RAM in a way of its own.
    for spec in [eigen(3), eigen(7), eigen(10), CodecSpec::fourier(5)] {
        let codec = codec(spec, &vectors);
        let codes = codec.encode(&vectors).unwrap();
        let mut partition = Partition::new(DIM, Metric::Cosine);
        // Two blocks, the second not a whole number of groups.
        for (block, range) in [(4u32, 0..128usize), (9, 128..333)] {
            let numbers: Vec<u32> = range.clone().map(|i| i as u32).collect();
            let live = vec![0xff; numbers.len().div_ceil(8)];
            let codes = &codes[range.start * codec.bytes()..range.end * codec.bytes()];
            partition.set_block(block, &codec, &numbers, codes, &live).unwrap();
        }
        let query = &vectors[DIM * 200..DIM * 201];
        let arranged = codec.arrange(&codes);
        let prepared = codec.prepare(query, Scoring::Asymmetric).unwrap().remove(0);
        let all = (0..333).map(|i| (i as u32, codec.score(&prepared, &arranged, i))).collect::<Vec<_>>();
        for isa in Isa::available() {
            // All rows are candidates here, so nothing can be missed by the first, coarser pass.
            let request = Request { queries: query, cold: 333, ..Request::default() };
            let found = &partition.snapshot().search_with(isa, &request, &Control::default()).unwrap()[0];
            assert_eq!(pairs(&found.cold), sorted(all.clone(), 333), "{}", isa.name());
            let request = Request { queries: query, cold: 10, ..Request::default() };
            let ten = &partition.snapshot().search_with(isa, &request, &Control::default()).unwrap()[0];
            assert_eq!(pairs(&ten.cold), sorted(all.clone(), 10), "{}", isa.name());
            assert!(
                ten.cold.rows.iter().zip(&ten.cold.blocks).all(|(row, block)| *block == if *row < 128 { 4 } else { 9 })
            );
        }
    }
}

#[test]
fn a_removed_or_forbidden_row_is_never_returned() {
    let vectors = rows(100);
    let codec = codec(CodecSpec::Eigen { bytes: 5, seed: 0, effort: Effort::Best }, &vectors);
    let codes = codec.encode(&vectors).unwrap();
    let numbers: Vec<u32> = (0..100).collect();
    let mut partition = Partition::new(DIM, Metric::Cosine);
    partition.put_hot(&[200, 201], &vectors[..2 * DIM]).unwrap();
    let mut live = vec![0xff; 13];
    live[0] = 0xfe;
    partition.set_block(1, &codec, &numbers, &codes, &live).unwrap();
    assert_eq!(partition.count(None)[1], 99);
    let bits = partition.remove_cold(1, &[7, 7, 50]).unwrap();
    assert_eq!((bits[0], bits[6]), (0x7e, 0xfb));
    assert_eq!(partition.count(None)[1], 97);

    let before = partition.snapshot();
    let search = |snapshot: &Snapshot, allow: Option<&[u8]>| {
        let request = Request { queries: &vectors[..DIM], hot: 300, cold: 300, allow, ..Request::default() };
        let found = search_one(snapshot, &request);
        let mut rows = [found.hot.rows, found.cold.rows].concat();
        rows.sort_unstable();
        rows
    };
    let expected: Vec<u32> = numbers.iter().copied().filter(|r| ![0, 7, 50].contains(r)).chain([200, 201]).collect();
    assert_eq!(search(&before, None), expected);

    let mut allow = vec![0u8; 26];
    for row in [0u32, 1, 7, 99, 201] {
        allow[row as usize / 8] |= 1 << (row % 8);
    }
    assert_eq!(search(&before, Some(&allow)), [1, 99, 201]);
    assert_eq!(search(&before, Some(&allow[..13])), [1, 99]);
    assert_eq!(partition.count(Some(&allow)), [1, 2]);
    assert_eq!(partition.count(Some(&allow[..13])), [0, 2]);
    assert_eq!(partition.count(Some(&[])), [0, 0]);

    // A snapshot keeps showing the rows of its moment.
    partition.remove_hot(&[200]);
    partition.drop_block(1).unwrap();
    assert_eq!(search(&before, None), expected);
    assert_eq!(search(&partition.snapshot(), None), [201]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let vectors = rows(40);
    let codec = codec(CodecSpec::fourier(3), &vectors);
    let codes = codec.encode(&vectors).unwrap();
    let mut partition = Partition::new(DIM, Metric::Cosine);
    assert_eq!(partition.put_hot(&[1], &vectors), Err(Error::Length));
    assert_eq!(partition.set_block(1, &codec, &[1, 2], &codes, &[3]), Err(Error::Length));
    assert_eq!(partition.set_block(1, &codec, &[2, 1], &codes[..18], &[3]), Err(Error::Parameter));
    // A bin that the transform does not have.
    let mut damaged = codes[..9].to_vec();
    damaged[0] = 200;
    assert_eq!(partition.set_block(1, &codec, &[1], &damaged, &[1]), Err(Error::Parameter));
    assert_eq!(partition.remove_cold(1, &[1]), Err(Error::Missing));
    assert_eq!(partition.drop_block(1), Err(Error::Missing));
    assert_eq!(partition.decode(1, 1), Err(Error::Missing));
    assert_eq!(partition.hot_vectors(&[1]), Err(Error::Missing));
    let mut other = Partition::new(DIM, Metric::Dot);
    assert_eq!(other.set_block(1, &codec, &[1], &codes[..9], &[1]), Err(Error::Parameter));
    let request = Request { queries: &vectors[..=DIM], ..Request::default() };
    assert_eq!(partition.snapshot().search(&request, &Control::default()), Err(Error::Length));
}

/// A partition with both tiers, in many blocks, and with a row that every tier holds many times over, so that scores tie.
fn large() -> (Partition, Vec<f32>) {
    let vectors = rows(3000);
    let codec = codec(CodecSpec::Eigen { bytes: 5, seed: 0, effort: Effort::Fast }, &vectors[..500 * DIM]);
    let codes = codec.encode(&vectors).unwrap();
    let mut partition = Partition::new(DIM, Metric::Cosine);
    for block in 0..30u32 {
        let first = block as usize * 100;
        let numbers: Vec<u32> = (0..100).map(|i| block * 100 + i).collect();
        let codes = if block % 3 == 0 { &codes[..500] } else { &codes[first * 5..][..500] };
        partition.set_block(block, &codec, &numbers, codes, &[0xff; 13]).unwrap();
    }
    let numbers: Vec<u32> = (0..3000).map(|i| 5000 + i).collect();
    partition.put_hot(&numbers, &vectors).unwrap();
    (partition, vectors)
}

#[test]
fn an_answer_depends_neither_on_the_threads_nor_on_the_queries_beside_it() {
    let (partition, vectors) = large();
    let snapshot = partition.snapshot();
    let allow: Vec<u8> = (0..1000).map(|i| (i * 37 % 251) as u8).collect();
    let control = Control::default();
    for allow in [None, Some(&allow[..])] {
        let one = |query: usize| {
            let queries = &vectors[query * DIM..][..DIM];
            let request = Request { queries, hot: 25, cold: 25, allow, ..Request::default() };
            snapshot.pass(Isa::best(), &request, 1, &control).unwrap().remove(0)
        };
        let alone: Vec<Found> = (0..70).map(one).collect();
        let request = Request { queries: &vectors[..70 * DIM], hot: 25, cold: 25, allow, ..Request::default() };
        for threads in [1, 2, 3, 8] {
            assert_eq!(snapshot.pass(Isa::best(), &request, threads, &control).unwrap(), alone, "{threads} threads");
        }
        assert_eq!(snapshot.search(&Request { threads: 2, ..request }, &control).unwrap(), alone);
    }
}

/// All steps of a search, at least one.
fn in_steps(snapshot: Snapshot, request: &Request<'_>) -> Vec<Found> {
    let mut search = Search::new(snapshot, request).unwrap();
    while search.step() {}
    search.finish()
}

#[test]
fn a_search_in_steps_finds_what_a_search_in_one_call_finds() {
    let (partition, vectors) = large();
    // Blocks of so many bytes that a step ends within the rows.
    let sample = rows(3000);
    let codec = codec(CodecSpec::Eigen { bytes: 24, seed: 0, effort: Effort::Fast }, &sample[..500 * DIM]);
    let numbers: Vec<u32> = (0..3000).collect();
    let long = coded(&codec, &numbers, &codec.encode(&sample).unwrap(), 500);
    let spectra = self::codec(CodecSpec::fourier(5), &sample);
    let fourier = coded(&spectra, &numbers, &spectra.encode(&sample).unwrap(), 700);
    let empty = Partition::new(DIM, Metric::Cosine);
    let mut random = fastrand::Rng::with_seed(7);
    for partition in [&partition, &long, &fourier, &empty] {
        for _ in 0..40 {
            let count = [0, 1, 2, 9, 64, 70][random.usize(..6)];
            let first = random.usize(..vectors.len() / DIM - count);
            let share = random.f64();
            let bits = |random: &mut fastrand::Rng| (0..8).fold(0, |b, i| b | u8::from(random.f64() < share) << i);
            let allow: Vec<u8> = (0..random.usize(..1100)).map(|_| bits(&mut random)).collect();
            let request = Request {
                queries: &vectors[first * DIM..][..count * DIM],
                hot: random.usize(..30),
                cold: random.usize(..30),
                allow: random.bool().then_some(&allow[..]),
                scoring: if random.bool() { Scoring::Asymmetric } else { Scoring::Symmetric },
                progressive: random.bool(),
                threads: random.usize(1..4),
            };
            let whole = partition.snapshot().search(&request, &Control::default()).unwrap();
            assert_eq!(in_steps(partition.snapshot(), &request), whole);
        }
    }
}

#[test]
fn a_cancelled_search_ends_and_leaves_the_partition_as_it_was() {
    let (partition, vectors) = large();
    let request = Request { queries: &vectors[..5 * DIM], ..Request::default() };
    let before = partition.snapshot().search(&request, &Control::default()).unwrap();
    let control = Control::default();
    control.cancel();
    assert_eq!(partition.snapshot().search(&request, &control), Err(Error::Cancelled));
    assert_eq!(partition.snapshot().search(&request, &Control::default()).unwrap(), before);
}

#[test]
fn a_batch_of_hot_rows_is_found_once_it_is_taken_and_as_if_its_rows_had_been_put() {
    let vectors = rows(1500);
    for (before, batched) in [(0, 600), (256, 256), (300, 1), (300, 700), (10, 1024)] {
        let (mut put, mut taken) = (Partition::new(DIM, Metric::Dot), Partition::new(DIM, Metric::Dot));
        let numbers: Vec<u32> = (0..before + batched).map(|i| 2 * i + 1).collect();
        let split = before as usize;
        put.put_hot(&numbers, &vectors[..numbers.len() * DIM]).unwrap();
        taken.put_hot(&numbers[..split], &vectors[..split * DIM]).unwrap();
        let mut batch = HotBatch::new(DIM);
        for (rows, vectors) in numbers[split..].chunks(77).zip(vectors[split * DIM..].chunks(77 * DIM)) {
            batch.add(rows, &vectors[..rows.len() * DIM]).unwrap();
        }
        let request = Request { queries: &vectors[..DIM], hot: 2000, ..Request::default() };
        let snapshot = taken.snapshot();
        taken.take_hot(&mut batch).unwrap();
        assert_eq!(search_one(&snapshot, &request).hot.rows.len(), split);
        assert_eq!(search_one(&taken.snapshot(), &request), search_one(&put.snapshot(), &request));
        // The batch is empty now.
        taken.take_hot(&mut batch).unwrap();
        assert_eq!(taken.count(None)[0], numbers.len());
        // Every row is where its number says.
        let removed: Vec<u32> = numbers.iter().copied().filter(|row| row % 3 == 0).collect();
        let rest: Vec<u32> = numbers.iter().copied().filter(|row| row % 3 != 0).collect();
        put.remove_hot(&removed);
        taken.remove_hot(&removed);
        assert_eq!(taken.hot_vectors(&rest), put.hot_vectors(&rest));
        assert_eq!(search_one(&taken.snapshot(), &request), search_one(&put.snapshot(), &request));
    }
}

#[test]
fn a_batch_with_a_row_that_is_there_is_refused_whole() {
    let vectors = rows(3);
    let mut partition = Partition::new(DIM, Metric::Dot);
    partition.put_hot(&[4], &vectors[..DIM]).unwrap();
    let mut batch = HotBatch::new(DIM);
    assert_eq!(batch.add(&[3, 4], &vectors), Err(Error::Length));
    batch.add(&[3, 4], &vectors[..2 * DIM]).unwrap();
    assert_eq!(partition.take_hot(&mut batch), Err(Error::Parameter));
    assert_eq!(partition.take_hot(&mut HotBatch::new(DIM + 1)), Err(Error::Length));
    assert_eq!(partition.count(None)[0], 1);
}

/// A partition of rows with these numbers, in blocks of so many.
fn coded(codec: &Arc<Codec>, numbers: &[u32], codes: &[u8], size: usize) -> Partition {
    let mut partition = Partition::new(DIM, Metric::Cosine);
    for (block, (numbers, codes)) in numbers.chunks(size).zip(codes.chunks(size * codec.bytes())).enumerate() {
        let live = vec![0xff; numbers.len().div_ceil(8)];
        partition.set_block(block as u32, codec, numbers, codes, &live).unwrap();
    }
    partition
}

#[test]
fn hot_rows_that_a_filter_leaves_out_are_not_counted_as_work() {
    let mut partition = Partition::new(DIM, Metric::Cosine);
    let expected = |partition: &Partition, allow: Option<&[u8]>| {
        let query = vec![0.0; DIM];
        partition.snapshot().nanoseconds(&Request { queries: &query, allow, ..Request::default() })
    };
    assert_eq!(expected(&partition, Some(&[])), 0);
    let count = 20_000;
    let vectors: Vec<f32> = rows(100).iter().copied().cycle().take(count * DIM).collect();
    partition.put_hot(&(0..count as u32).collect::<Vec<_>>(), &vectors).unwrap();
    let all = expected(&partition, None);
    assert!(all > 0);
    let spread = |every: usize| -> Vec<u8> { (0..count / 8).map(|i| if i % every == 0 { 0xff } else { 0 }).collect() };
    assert_eq!(expected(&partition, Some(&spread(1))), all);
    let half = expected(&partition, Some(&spread(2)));
    assert!(half > all / 4 && half < 3 * all / 4, "{half} of {all}");
    assert!(expected(&partition, Some(&spread(100))) < all / 10);
    partition.remove_hot(&(0..count as u32).collect::<Vec<_>>());
    assert_eq!(expected(&partition, None), 0);
}

#[test]
fn filtered_answers_are_those_of_scoring_every_allowed_row() {
    let vectors = rows(700);
    let codec = codec(CodecSpec::Eigen { bytes: 17, seed: 0, effort: Effort::Best }, &vectors);
    let codes = codec.encode(&vectors).unwrap();
    let query = &vectors[DIM * 3..DIM * 4];
    let (arranged, prepared) = (codec.arrange(&codes), codec.prepare(query, Scoring::Asymmetric).unwrap().remove(0));
    let mut random = fastrand::Rng::with_seed(5);
    // Row numbers without gaps, with some, and with many, from a number that no byte begins with.
    for gap in [1, 2, 900] {
        let mut next = 5;
        let number = |_| {
            next += random.u32(1..=gap);
            next
        };
        let numbers: Vec<u32> = (0..700).map(number).collect();
        for share in [0.0, 0.01, 0.3, 1.0] {
            // Bits that end before the last rows.
            let mut allow: Vec<u8> = vec![0; next as usize / 9];
            for bits in &mut allow {
                *bits = (0..8).fold(0, |bits, i| bits | u8::from(random.f64() < share) << i);
            }
            let allowed = |row: u32| allow.get(row as usize / 8).is_some_and(|bits| bits >> (row % 8) & 1 == 1);
            let scored = numbers.iter().enumerate().filter(|(_, row)| allowed(**row));
            let scored: Vec<_> = scored.map(|(i, row)| (*row, codec.score(&prepared, &arranged, i))).collect();
            for size in [700, 48, 33] {
                let snapshot = coded(&codec, &numbers, &codes, size).snapshot();
                for isa in Isa::available() {
                    for k in [5, 700] {
                        let request = Request { queries: query, cold: k, allow: Some(&allow), ..Request::default() };
                        let found = snapshot.search_with(isa, &request, &Control::default()).unwrap().remove(0);
                        assert_eq!(pairs(&found.cold), sorted(scored.clone(), k), "{}, {size} a block", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn progressive_answers_depend_neither_on_the_isa_nor_on_the_blocks_and_miss_little() {
    let vectors = rows(3000);
    let codec = codec(CodecSpec::Eigen { bytes: 24, seed: 0, effort: Effort::Fast }, &vectors);
    let codes = codec.encode(&vectors).unwrap();
    let arranged = codec.arrange(&codes);
    let numbers: Vec<u32> = (0..3000).collect();
    let (mut found, mut missed) = (0, 0);
    for query in vectors.chunks_exact(DIM).step_by(100) {
        let prepared = codec.prepare(query, Scoring::Asymmetric).unwrap().remove(0);
        let search = |isa: Isa, size: usize, progressive: bool| {
            let request = Request { queries: query, cold: 10, progressive, ..Request::default() };
            pairs(
                &coded(&codec, &numbers, &codes, size)
                    .snapshot()
                    .search_with(isa, &request, &Control::default())
                    .unwrap()
                    .remove(0)
                    .cold,
            )
        };
        let (progressive, whole) = (search(Isa::Portable, 3000, true), search(Isa::Portable, 3000, false));
        for isa in Isa::available() {
            for size in [3000, 500, 100] {
                assert_eq!(search(isa, size, true), progressive, "{}, {size} rows a block", isa.name());
                assert_eq!(search(isa, size, false), whole, "{}, {size} rows a block", isa.name());
            }
        }
        for (row, score) in &progressive {
            assert_eq!(score.to_bits(), codec.score(&prepared, &arranged, *row as usize).to_bits());
        }
        found += progressive.iter().filter(|hit| whole.contains(hit)).count();
        missed += whole.iter().filter(|hit| !progressive.contains(hit)).count();
    }
    assert!(missed * 50 <= found, "{missed} missed, {found} found");
}
