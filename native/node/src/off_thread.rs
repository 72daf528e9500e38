//! Work on libuv's thread pool.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, Error, Result, Status, Task};
use thermocline_kernel as kernel;

type Work<T> = Box<dyn FnOnce() -> std::result::Result<T, kernel::Error> + Send>;

/// A closure that runs on the pool and whose result `T` becomes the JavaScript value `J`.
pub struct OffThread<T, J> {
    work: Option<Work<T>>,
    value: PhantomData<fn() -> J>,
}

/// A kernel error as a JavaScript one; its message begins with the code.
pub(crate) fn failed(error: kernel::Error) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

/// Runs work of the kernel. A panic that left a function of the addon would end the process.
pub(crate) fn caught<T>(work: impl FnOnce() -> std::result::Result<T, kernel::Error>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Error::from_reason("PANIC: the kernel panicked; please report this"))?
        .map_err(failed)
}

impl<T: Send + 'static, J> OffThread<T, J>
where
    Self: Task,
{
    pub(crate) fn run(
        work: impl FnOnce() -> std::result::Result<T, kernel::Error> + Send + 'static,
    ) -> AsyncTask<Self> {
        AsyncTask::new(Self { work: Some(Box::new(work)), value: PhantomData })
    }
}

impl<T, J> Task for OffThread<T, J>
where
    T: Send + 'static,
    J: From<T> + ToNapiValue + TypeName + 'static,
{
    type Output = T;
    type JsValue = J;

    fn compute(&mut self) -> Result<T> {
        caught(self.work.take().ok_or_else(|| Error::from_reason("PANIC: the task ran twice"))?)
    }

    fn resolve(&mut self, _: Env, output: T) -> Result<J> {
        Ok(output.into())
    }
}
