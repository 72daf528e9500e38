//! The discrete Fourier transform of real rows of any length, in double precision.
//!
//! Our own, because codes hang on it: its sums run in one order everywhere, its roots of unity come from a fixed series and not
//! from a platform's sine, and what double precision leaves of rounding is gone in float32. Every machine and every backend
//! transforms to the same bits.
//!
//! A row of even length is transformed as half as many complex numbers. Those go through Stockham's passes, one for each factor of
//! their number; a number with a large prime factor is a convolution instead (Bluestein 1970), of a length that is a power of 2.

use num_complex::Complex;

type C = Complex<f64>;

/// Prime factors beyond which passes, which take time with the factor, are slower than convolving.
const LARGEST_FACTOR: usize = 40;

/// A transform between rows of one length and their dim / 2 + 1 bins.
#[derive(Debug)]
pub(super) struct Transform {
    dim: usize,
    complex: ComplexTransform,
    /// The `dim` roots of unity e^(-2πi·k/dim).
    roots: Vec<C>,
}

/// Buffers of a transform, kept from row to row.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    values: Vec<C>,
    other: Vec<C>,
    padded: Vec<C>,
}

impl Transform {
    /// `dim` is at least 1.
    pub(super) fn new(dim: usize) -> Self {
        let complex = ComplexTransform::new(if dim.is_multiple_of(2) { dim / 2 } else { dim });
        Self { dim, complex, roots: roots(dim) }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// `bins[k] = Σ_j row[j]·e^(-2πi·jk/dim)` for the first dim / 2 + 1 k.
    pub(super) fn forward(&self, row: &[f32], bins: &mut [Complex<f32>], scratch: &mut Scratch) {
        let values = &mut scratch.values;
        values.clear();
        if self.halves() {
            values.extend(row.as_chunks::<2>().0.iter().map(|[even, odd]| C::new(f64::from(*even), f64::from(*odd))));
        } else {
            values.extend(row.iter().map(|x| C::new(f64::from(*x), 0.0)));
        }
        self.complex.run(scratch);
        let values = &scratch.values;
        for (k, bin) in bins.iter_mut().enumerate() {
            let value = if self.halves() {
                // Even places are the real parts, odd ones the imaginary: z = e + i·o, and their transforms come apart.
                let (z, mirrored) = (values[k % values.len()], values[(values.len() - k) % values.len()].conj());
                let (even, odd) = ((z + mirrored) * 0.5, (z - mirrored) * C::new(0.0, -0.5));
                even + self.root(k) * odd
            } else {
                values[k]
            };
            *bin = Complex::new(value.re as f32, value.im as f32);
        }
    }

    /// `row[j] = Σ_k bins[k]·e^(2πi·jk/dim)` over all dim k, of which the first dim / 2 + 1 are given and the others are their
    /// conjugates. The imaginary part of the first, and of the middle one of an even dim, must be 0.
    pub(super) fn inverse(&self, bins: &[Complex<f32>], row: &mut [f32], scratch: &mut Scratch) {
        let bin = |k: usize| C::new(f64::from(bins[k].re), f64::from(bins[k].im));
        let values = &mut scratch.values;
        values.clear();
        // Backward is forward with real and imaginary parts exchanged before and after.
        if self.halves() {
            let half = self.dim / 2;
            values.extend((0..half).map(|k| {
                let (x, mirrored) = (bin(k), bin(half - k).conj());
                let z = (x + mirrored) + C::new(0.0, 1.0) * self.root(k).conj() * (x - mirrored);
                C::new(z.im, z.re)
            }));
        } else {
            let all = (0..self.dim).map(|k| if k < bins.len() { bin(k) } else { bin(self.dim - k).conj() });
            values.extend(all.map(|x| C::new(x.im, x.re)));
        }
        self.complex.run(scratch);
        if self.halves() {
            for ([even, odd], z) in row.as_chunks_mut::<2>().0.iter_mut().zip(&scratch.values) {
                (*even, *odd) = (z.im as f32, z.re as f32);
            }
        } else {
            for (x, z) in row.iter_mut().zip(&scratch.values) {
                *x = z.im as f32;
            }
        }
    }

    fn halves(&self) -> bool {
        self.dim.is_multiple_of(2)
    }

    fn root(&self, k: usize) -> C {
        self.roots[k % self.dim]
    }
}

/// Forward transforms of complex numbers.
#[derive(Debug)]
struct ComplexTransform {
    /// Of the numbers, or of the convolution.
    factors: Vec<usize>,
    roots: Vec<C>,
    convolution: Option<Convolution>,
}

/// With e^(-πi·k²/n) taken out before and after, a transform of n numbers is a convolution with the conjugates of those.
#[derive(Debug)]
struct Convolution {
    /// `[n]`
    chirp: Vec<C>,
    /// Of the conjugates, over their number.
    transformed: Vec<C>,
}

impl ComplexTransform {
    fn new(n: usize) -> Self {
        let factors = factors(n);
        if factors.iter().all(|factor| *factor <= LARGEST_FACTOR) {
            return Self { factors, roots: roots(n), convolution: None };
        }
        let length = (2 * n - 1).next_power_of_two();
        let inner = Self::new(length);
        let turns = roots(2 * n);
        let chirp: Vec<C> = (0..n).map(|k| turns[k * k % (2 * n)]).collect();
        let mut kernel = vec![C::default(); length];
        for (k, value) in chirp.iter().enumerate() {
            kernel[k] = value.conj() / length as f64;
            kernel[(length - k) % length] = kernel[k];
        }
        let mut scratch = Scratch { values: kernel, ..Scratch::default() };
        inner.run(&mut scratch);
        Self { convolution: Some(Convolution { chirp, transformed: scratch.values }), ..inner }
    }

    /// Transforms `scratch.values`.
    fn run(&self, scratch: &mut Scratch) {
        let Scratch { values, other, padded } = scratch;
        let Some(Convolution { chirp, transformed }) = &self.convolution else {
            return self.passes(values, other);
        };
        padded.clear();
        padded.extend(values.iter().zip(chirp).map(|(value, chirp)| value * chirp));
        padded.resize(transformed.len(), C::default());
        self.passes(padded, other);
        for (value, kernel) in padded.iter_mut().zip(transformed) {
            let product = *value * kernel;
            *value = C::new(product.im, product.re);
        }
        self.passes(padded, other);
        for ((value, sum), chirp) in values.iter_mut().zip(padded.iter()).zip(chirp) {
            *value = C::new(sum.im, sum.re) * chirp;
        }
    }

    /// Stockham's passes: each takes one factor off the sequences that are left to transform, of which there are `stride`, side by
    /// side, and leaves the results in order.
    fn passes(&self, values: &mut Vec<C>, other: &mut Vec<C>) {
        other.resize(values.len(), C::default());
        let mut stride = 1;
        for factor in &self.factors {
            match factor {
                2 => self.pass(values, other, stride, |[a, b], _| [a + b, a - b]),
                4 => self.pass(values, other, stride, |[a, b, c, d], _| {
                    let (even, odd) = ((a + c, a - c), (b + d, b - d));
                    let turned = C::new(odd.1.im, -odd.1.re);
                    [even.0 + odd.0, even.1 + turned, even.0 - odd.0, even.1 - turned]
                }),
                3 => self.pass(values, other, stride, sums::<3>),
                5 => self.pass(values, other, stride, sums::<5>),
                _ => self.any_pass(*factor, values, other, stride),
            }
            stride *= factor;
            std::mem::swap(values, other);
        }
    }

    /// A pass of a factor known beforehand; `transform` gets the values and the roots of unity of their number.
    #[inline]
    fn pass<const P: usize>(
        &self,
        values: &[C],
        out: &mut [C],
        stride: usize,
        transform: impl Fn([C; P], &[C; P]) -> [C; P],
    ) {
        let n = values.len();
        let (left, rows) = (n / stride, n / stride / P);
        let own = std::array::from_fn(|t| self.roots[t * (self.roots.len() / P)]);
        let step = self.roots.len() / left;
        for j in 0..rows {
            let twiddles: [C; P] = std::array::from_fn(|u| self.roots[j * u * step]);
            let from: [&[C]; P] = std::array::from_fn(|t| &values[(j + rows * t) * stride..][..stride]);
            let to = &mut out[P * j * stride..][..P * stride];
            for k in 0..stride {
                let transformed = transform(std::array::from_fn(|t| from[t][k]), &own);
                for u in 0..P {
                    to[u * stride + k] = transformed[u] * twiddles[u];
                }
            }
        }
    }

    fn any_pass(&self, factor: usize, values: &[C], out: &mut [C], stride: usize) {
        let rows = values.len() / stride / factor;
        let (own, step) = (self.roots.len() / factor, self.roots.len() / (values.len() / stride));
        for j in 0..rows {
            for u in 0..factor {
                let twiddle = self.roots[j * u * step];
                for k in 0..stride {
                    let term = |t: usize| values[(j + rows * t) * stride + k] * self.roots[u * t % factor * own];
                    out[(factor * j + u) * stride + k] = (1..factor).fold(term(0), |sum, t| sum + term(t)) * twiddle;
                }
            }
        }
    }
}

/// The transform of few values as it is defined.
#[inline]
fn sums<const P: usize>(values: [C; P], roots: &[C; P]) -> [C; P] {
    std::array::from_fn(|u| (1..P).fold(values[0], |sum, t| sum + values[t] * roots[u * t % P]))
}

/// Factors whose product is n: fours first, then primes.
fn factors(mut n: usize) -> Vec<usize> {
    let mut factors = Vec::new();
    for factor in [4].into_iter().chain(2..) {
        while n.is_multiple_of(factor) {
            factors.push(factor);
            n /= factor;
        }
        if factor * factor > n && factor != 4 {
            break;
        }
    }
    if n > 1 {
        factors.push(n);
    }
    factors
}

/// e^(-2πi·k/n) for all k below n: an eighth of a turn is computed, the rest are its mirror images.
fn roots(n: usize) -> Vec<C> {
    let root = |k: usize| {
        let (eighth, rest) = (8 * k / n, 8 * k % n);
        let within = if eighth % 2 == 0 { rest } else { n - rest };
        let (cos, sin) = cos_sin(std::f64::consts::FRAC_PI_4 * (within as f64 / n as f64));
        match eighth {
            0 => C::new(cos, -sin),
            1 => C::new(sin, -cos),
            2 => C::new(-sin, -cos),
            3 => C::new(-cos, -sin),
            4 => C::new(-cos, sin),
            5 => C::new(-sin, cos),
            6 => C::new(sin, cos),
            _ => C::new(cos, sin),
        }
    };
    (0..n).map(root).collect()
}

/// Cosine and sine of 0 to π/4 by their series, to the last place or the one before it.
fn cos_sin(x: f64) -> (f64, f64) {
    let square = x * x;
    let series = |first: f64| {
        (0..9).rev().map(|i| first + 2.0 * f64::from(i)).fold(1.0, |sum, n| 1.0 - square / (n * (n + 1.0)) * sum)
    };
    (series(1.0), x * series(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By definition, with angles that are reduced first.
    fn expected(row: &[f32]) -> Vec<C> {
        let n = row.len();
        let bin = |k: usize| {
            row.iter().enumerate().fold(C::default(), |sum, (j, x)| {
                let angle = -std::f64::consts::TAU * (j * k % n) as f64 / n as f64;
                sum + C::from_polar(f64::from(*x), angle)
            })
        };
        (0..=n / 2).map(bin).collect()
    }

    fn row(n: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(n as u64);
        (0..n).map(|_| random.f32() - 0.5).collect()
    }

    #[test]
    fn rows_of_any_length_are_transformed_as_defined_and_back() {
        for n in (1..=130).chain([384, 768, 1000, 1021, 1536, 2 * 1021, 47 * 47, 2 * 3 * 5 * 7 * 11]) {
            let (row, transform, mut scratch) = (row(n), Transform::new(n), Scratch::default());
            let mut bins = vec![Complex::default(); n / 2 + 1];
            transform.forward(&row, &mut bins, &mut scratch);
            let expected = expected(&row);
            let size = expected.iter().map(|bin| bin.norm()).fold(0.0, f64::max);
            for (bin, expected) in bins.iter().zip(&expected) {
                let error = C::new(f64::from(bin.re), f64::from(bin.im)) - expected;
                assert!(error.norm() <= 1e-7 * size, "{n}: {bin} for {expected}");
            }
            let mut back = vec![0.0; n];
            transform.inverse(&bins, &mut back, &mut scratch);
            for (x, y) in row.iter().zip(&back) {
                assert!((x - y / n as f32).abs() <= 1e-6, "{n}: {x} {y}");
            }
        }
    }

    #[test]
    fn roots_of_unity_are_right_to_the_last_places() {
        for n in [1, 2, 3, 8, 12, 97, 384, 65_535] {
            let roots = roots(n);
            for (k, root) in roots.iter().enumerate() {
                let (sin, cos) = (std::f64::consts::TAU * k as f64 / n as f64).sin_cos();
                assert!((root.re - cos).abs() < 2e-15 && (root.im + sin).abs() < 2e-15, "{k} of {n}");
            }
        }
    }
}
