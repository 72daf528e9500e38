//! Sixteen centroids for one span of coordinates: k-means++ and Lloyd's rounds.

use super::{Span, squared_lengths};
use crate::Isa;
use crate::arch::{CENTROIDS, Nibble};

const ROUNDS: usize = 20;

/// Centroids `[length][16]` of the `span` of each row of `rows` `[n][columns]`, n at least 1.
pub(crate) fn centroids(isa: Isa, rows: &[f32], columns: usize, span: Span, random: &mut fastrand::Rng) -> Vec<f32> {
    let n = rows.len() / columns;
    let length = span.length;
    let points: Vec<f32> =
        rows.chunks_exact(columns).flat_map(|row| &row[span.start..span.start + length]).copied().collect();
    let mut centroids = seed(&points, length, random);
    let mut codes = vec![0u8; n];
    let mut assigned = Vec::new();
    for _ in 0..ROUNDS {
        let norms = squared_lengths(&centroids);
        points.clone_into(&mut assigned);
        let before = codes.clone();
        isa.quantise(&mut assigned, length, Nibble { start: 0, centroids: &centroids, norms: &norms }, &mut codes);
        let mut sums = vec![0.0f64; length * CENTROIDS];
        let mut counts = [0u32; CENTROIDS];
        for (point, code) in points.chunks_exact(length).zip(&codes) {
            counts[usize::from(*code)] += 1;
            for (j, x) in point.iter().enumerate() {
                sums[j * CENTROIDS + usize::from(*code)] += f64::from(*x);
            }
        }
        for (i, (centroid, sum)) in centroids.iter_mut().zip(&sums).enumerate() {
            // A centroid that lost all its points stays where it is.
            let count = counts[i % CENTROIDS];
            if count > 0 {
                *centroid = (sum / f64::from(count)) as f32;
            }
        }
        if codes == before {
            break;
        }
    }
    centroids
}

/// k-means++: each next centroid is a point drawn with probability proportional to its squared distance to the chosen.
fn seed(points: &[f32], length: usize, random: &mut fastrand::Rng) -> Vec<f32> {
    let n = points.len() / length;
    let point = |i: usize| &points[i * length..][..length];
    let mut centroids = vec![0.0; length * CENTROIDS];
    let mut distances = vec![f64::INFINITY; n];
    let mut next = random.u64(..n as u64) as usize;
    for k in 0..CENTROIDS {
        for (j, x) in point(next).iter().enumerate() {
            centroids[j * CENTROIDS + k] = *x;
        }
        let mut total = 0.0;
        for (i, distance) in distances.iter_mut().enumerate() {
            let squared: f64 = point(i).iter().zip(point(next)).map(|(a, b)| f64::from(a - b) * f64::from(a - b)).sum();
            *distance = distance.min(squared);
            total += *distance;
        }
        let mut draw = random.f64() * total;
        next = if total > 0.0 {
            let found = distances.iter().position(|distance| {
                draw -= distance;
                draw < 0.0
            });
            found.unwrap_or(n - 1)
        } else {
            random.u64(..n as u64) as usize
        };
    }
    centroids
}
