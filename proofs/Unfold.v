(** Order-3 tensors, their unfoldings and their mode products.

    A tensor is a function of three indices; storage is row-major: the columns of an unfolding keep the order of the two
    other modes, the earlier one slow, the later one fast. Mode 1 is the layer mode of a trajectory, mode 2 its tokens,
    mode 3 the hidden mode. All of this holds over any commutative ring. *)

From mathcomp Require Import all_ssreflect all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import GRing.Theory.
Local Open Scope ring_scope.

Definition tensor (R : Type) (m1 m2 m3 : nat) := {ffun 'I_m1 * 'I_m2 * 'I_m3 -> R}.

Section Unfoldings.

Variables (R : comRingType) (m1 m2 m3 : nat).
Implicit Types x : tensor R m1 m2 m3.

Definition unfold1 x : 'M[R]_(m1, m2 * m3) := \matrix_i mxvec (\matrix_(j, k) x (i, j, k)).
Definition unfold2 x : 'M[R]_(m2, m1 * m3) := \matrix_j mxvec (\matrix_(i, k) x (i, j, k)).
Definition unfold3 x : 'M[R]_(m3, m1 * m2) := \matrix_k mxvec (\matrix_(i, j) x (i, j, k)).

Definition fold1 (m : 'M[R]_(m1, m2 * m3)) : tensor R m1 m2 m3 :=
  [ffun t => m t.1.1 (mxvec_index t.1.2 t.2)].
Definition fold2 (m : 'M[R]_(m2, m1 * m3)) : tensor R m1 m2 m3 :=
  [ffun t => m t.1.2 (mxvec_index t.1.1 t.2)].
Definition fold3 (m : 'M[R]_(m3, m1 * m2)) : tensor R m1 m2 m3 :=
  [ffun t => m t.2 (mxvec_index t.1.1 t.1.2)].

Lemma unfold1E x i j k : unfold1 x i (mxvec_index j k) = x (i, j, k).
Proof. by rewrite mxE mxvecE mxE. Qed.

Lemma unfold2E x i j k : unfold2 x j (mxvec_index i k) = x (i, j, k).
Proof. by rewrite mxE mxvecE mxE. Qed.

Lemma unfold3E x i j k : unfold3 x k (mxvec_index i j) = x (i, j, k).
Proof. by rewrite mxE mxvecE mxE. Qed.

(** Unfolding loses nothing: folding brings the tensor back, in every mode. What is said of the matrices below is
    therefore said of the tensor. *)
Theorem fold_unfold_id x :
  [/\ fold1 (unfold1 x) = x, fold2 (unfold2 x) = x & fold3 (unfold3 x) = x].
Proof.
by split; apply/ffunP => -[[i j] k]; rewrite ffunE /= ?(unfold1E, unfold2E, unfold3E).
Qed.

(** And folding loses nothing either: every matrix of the right size is the unfolding of one tensor. *)
Theorem unfold_fold_id m n p :
  [/\ unfold1 (fold1 m) = m, unfold2 (fold2 n) = n & unfold3 (fold3 p) = p].
Proof.
by split; apply/matrixP => i s; case/mxvec_indexP: s => j k;
  rewrite ?(unfold1E, unfold2E, unfold3E) ffunE.
Qed.

End Unfoldings.
