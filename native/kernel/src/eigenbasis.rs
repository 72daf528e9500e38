//! The eigenbasis of rows.

use faer::{Mat, Side};

use crate::Error;
use crate::rotation::MAX_DIM;

/// Rows whose second moment is summed in one matrix product.
const CHUNK: usize = 2048;

/// Eigenvalues and eigenvectors of a second moment.
#[derive(Clone, Debug)]
pub struct Eigenbasis {
    /// Descending, never negative.
    pub eigenvalues: Vec<f64>,
    /// `[dim][dim]`, row after row; column j is the unit eigenvector of eigenvalue j.
    pub rotation: Vec<f32>,
}

/// The eigenbasis of (1/n) Σ x·xᵀ over `rows` `[n][dim]`, n at least 1. The mean is not taken out, as `SpectralQuant`'s
/// paper has it: a rotation carries none, so its eigenvalues are what rotated coordinates really measure. Of an
/// eigenvector and its opposite, the one whose strongest component is positive. Rows of zeros have the standard basis.
pub fn eigenbasis(rows: &[f32], dim: usize) -> Result<Eigenbasis, Error> {
    if dim == 0 || dim > MAX_DIM || rows.is_empty() || !rows.len().is_multiple_of(dim) {
        return Err(Error::Length);
    }
    let n = (rows.len() / dim) as f64;
    let mut moment = Mat::<f64>::zeros(dim, dim);
    for chunk in rows.chunks(CHUNK * dim) {
        let chunk = Mat::from_fn(chunk.len() / dim, dim, |i, j| f64::from(chunk[i * dim + j]));
        moment += chunk.transpose() * &chunk;
    }
    let trace = (0..dim).map(|i| moment[(i, i)]).sum::<f64>();
    if !trace.is_finite() {
        return Err(Error::Numeric);
    }
    let mut rotation = vec![0.0; dim * dim];
    if trace == 0.0 {
        for i in 0..dim {
            rotation[i * dim + i] = 1.0;
        }
        return Ok(Eigenbasis { eigenvalues: vec![0.0; dim], rotation });
    }
    // Scaled, so that rows of any length decompose alike.
    moment *= faer::Scale(1.0 / trace);
    let decomposition = moment.self_adjoint_eigen(Side::Lower).map_err(|_| Error::Numeric)?;
    let (values, vectors) = (decomposition.S().column_vector(), decomposition.U());
    let mut eigenvalues = Vec::with_capacity(dim);
    for (j, column) in (0..dim).rev().enumerate() {
        if !values[column].is_finite() {
            return Err(Error::Numeric);
        }
        eigenvalues.push(values[column].max(0.0) * trace / n);
        let vector = vectors.col(column);
        let strongest = vector.iter().fold(0.0f64, |s, v| if v.abs() > s.abs() { *v } else { s });
        for (i, v) in vector.iter().enumerate() {
            rotation[i * dim + j] = (v * strongest.signum()) as f32;
        }
    }
    Ok(Eigenbasis { eigenvalues, rotation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;
    use crate::rotation::{Rotation, rotate};
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = (usize, Vec<f32>)> {
        (1usize..24, 1usize..40).prop_flat_map(|(dim, n)| (Just(dim), proptest::collection::vec(-1e3f32..1e3, n * dim)))
    }

    proptest! {
        #[test]
        fn the_basis_is_orthonormal_and_its_eigenvalues_are_the_energy_along_it((dim, rows) in rows()) {
            let basis = eigenbasis(&rows, dim).unwrap();
            prop_assert!(basis.eigenvalues.is_sorted_by(|a, b| a >= b));
            let at = |i: usize, j: usize| f64::from(basis.rotation[i * dim + j]);
            for j in 0..dim {
                for k in 0..dim {
                    let dot: f64 = (0..dim).map(|i| at(i, j) * at(i, k)).sum();
                    prop_assert!((dot - f64::from(u8::from(j == k))).abs() < 1e-5);
                }
            }
            let rotated = rotate(&rows, dim, &basis.rotation, false).unwrap();
            let total: f64 = basis.eigenvalues.iter().sum();
            for (j, eigenvalue) in basis.eigenvalues.iter().enumerate() {
                let energy: f64 = rotated.iter().skip(j).step_by(dim).map(|y| f64::from(*y).powi(2)).sum();
                prop_assert!((energy / (rows.len() / dim) as f64 - eigenvalue).abs() <= 1e-4 * total);
            }
        }

        #[test]
        fn rotating_back_returns_the_rows_and_every_instruction_set_agrees((dim, rows) in rows()) {
            let basis = eigenbasis(&rows, dim).unwrap();
            let there = rotate(&rows, dim, &basis.rotation, false).unwrap();
            let back = rotate(&there, dim, &basis.rotation, true).unwrap();
            for (x, y) in rows.iter().zip(&back) {
                prop_assert!((x - y).abs() < 0.02);
            }
            let rotation = Rotation::new(&basis.rotation, dim).unwrap();
            for isa in Isa::available() {
                let mut out = vec![0.0; rows.len()];
                rotation.forward(isa, &rows, &mut out);
                prop_assert_eq!(&out, &there);
            }
        }
    }

    #[test]
    fn degenerate_rows_have_a_basis_and_rows_that_are_not_finite_do_not() {
        let zeros = eigenbasis(&[0.0; 6], 3).unwrap();
        assert_eq!(zeros.eigenvalues, [0.0; 3]);
        assert_eq!(zeros.rotation, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let constant = eigenbasis(&[-3.0, -4.0, -3.0, -4.0], 2).unwrap();
        assert!((constant.eigenvalues[0] - 25.0).abs() < 1e-9 && constant.eigenvalues[1] < 1e-9);
        assert!((constant.rotation[0] - 0.6).abs() < 1e-6 && (constant.rotation[2] - 0.8).abs() < 1e-6);
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(eigenbasis(&[1.0, bad], 2).unwrap_err(), Error::Numeric);
        }
        assert_eq!(eigenbasis(&[], 2).unwrap_err(), Error::Length);
        assert_eq!(eigenbasis(&[1.0; 3], 2).unwrap_err(), Error::Length);
    }

    #[test]
    fn tiny_and_huge_rows_have_the_basis_of_their_direction() {
        for scale in [1e-30, 1.0, 1e37f32] {
            let basis = eigenbasis(&[0.6 * scale, 0.8 * scale], 2).unwrap();
            let expected = f64::from(scale).powi(2);
            assert!((basis.eigenvalues[0] / expected - 1.0).abs() < 1e-5);
            assert!((basis.rotation[0] - 0.6).abs() < 1e-6);
        }
    }
}
