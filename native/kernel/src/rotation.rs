//! Rotation of rows into an eigenbasis and back.

use std::sync::OnceLock;

use crate::arch::tiles;
use crate::{Error, Isa};

/// The longest rows that have an eigenbasis here; its matrices take dim² numbers.
pub(crate) const MAX_DIM: usize = 8192;

/// Rows rotated at a time: their coordinates stay in the second-level cache.
const BATCH: usize = 128;

/// Rows `[n][dim]` times `matrix` `[dim][dim]`, or times its transpose, which undoes a rotation.
pub fn rotate(rows: &[f32], dim: usize, matrix: &[f32], inverse: bool) -> Result<Vec<f32>, Error> {
    let rotation = Rotation::new(matrix, dim)?;
    if !rows.len().is_multiple_of(dim) {
        return Err(Error::Length);
    }
    let mut out = vec![0.0; rows.len()];
    let turn = if inverse { Rotation::backward } else { Rotation::forward };
    for (rows, out) in rows.chunks(BATCH * dim).zip(out.chunks_mut(BATCH * dim)) {
        turn(&rotation, Isa::best(), rows, out);
    }
    Ok(out)
}

/// A rotation at work. Its sums run in the frozen order of `arch`, so every machine rotates to the same bits.
#[derive(Debug)]
pub(crate) struct Rotation {
    dim: usize,
    matrix: Vec<f32>,
    /// Laid out as `Isa::rotate` wants them, once they are needed.
    forward: OnceLock<Vec<f32>>,
    backward: OnceLock<Vec<f32>>,
}

impl Rotation {
    pub(crate) fn new(matrix: &[f32], dim: usize) -> Result<Self, Error> {
        if dim == 0 || dim > MAX_DIM || matrix.len() != dim * dim {
            return Err(Error::Length);
        }
        Ok(Self { dim, matrix: matrix.to_vec(), forward: OnceLock::new(), backward: OnceLock::new() })
    }

    /// `out` `[n][dim]` = `rows` `[n][dim]` · matrix.
    pub(crate) fn forward(&self, isa: Isa, rows: &[f32], out: &mut [f32]) {
        let dim = self.dim;
        let tiles = self.forward.get_or_init(|| tiles(dim, dim, |i, j| self.matrix[i * dim + j]));
        multiply(isa, rows, dim, tiles, out);
    }

    /// `out` `[n][dim]` = `rows` `[n][dim]` · matrixᵀ.
    pub(crate) fn backward(&self, isa: Isa, rows: &[f32], out: &mut [f32]) {
        let dim = self.dim;
        let tiles = self.backward.get_or_init(|| tiles(dim, dim, |i, j| self.matrix[j * dim + i]));
        multiply(isa, rows, dim, tiles, out);
    }
}

fn multiply(isa: Isa, rows: &[f32], dim: usize, tiles: &[f32], out: &mut [f32]) {
    let columns = tiles.len() / dim;
    let mut wide = vec![0.0; rows.len() / dim * columns];
    isa.rotate(rows, dim, tiles, &mut wide);
    for (out, wide) in out.chunks_exact_mut(dim).zip(wide.chunks_exact(columns)) {
        out.copy_from_slice(&wide[..dim]);
    }
}
