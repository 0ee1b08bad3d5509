//! `doctor` with the real binary: for each thing that can be wrong with a child, what people read (`expected/`).
//! `DOCTOR=overwrite` writes those files anew.

mod bed;
mod broken;
mod remote;
mod tls;
mod whole;
