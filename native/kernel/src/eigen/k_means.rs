//! Sixteen centroids for one span of coordinates: k-means++ and Lloyd's rounds.

use super::squared_lengths;
use crate::Isa;
use crate::arch::CENTROIDS;

const ROUNDS: usize = 20;

/// Centroids `[length][16]` of `points` `[n][length]`, n and length at least 1, and the number of each point's.
pub(crate) fn centroids(isa: Isa, points: &[f32], length: usize, random: &mut fastrand::Rng) -> (Vec<f32>, Vec<u8>) {
    let mut centroids = seed(points, length, random);
    let mut codes = vec![0u8; points.len() / length];
    for _ in 0..ROUNDS {
        let before = codes.clone();
        isa.nearest(points, &centroids, &squared_lengths(&centroids), &mut codes);
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
    isa.nearest(points, &centroids, &squared_lengths(&centroids), &mut codes);
    (centroids, codes)
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
