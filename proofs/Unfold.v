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

(** And folding loses nothing either: every matrix of the right size is the unfolding of one tensor. A product with an
    unfolding, once folded, is therefore again a tensor whose unfolding is that product. *)
Theorem unfold_fold_id m n p :
  [/\ unfold1 (fold1 m) = m, unfold2 (fold2 n) = n & unfold3 (fold3 p) = p].
Proof.
by split; apply/matrixP => i s; case/mxvec_indexP: s => j k;
  rewrite ?(unfold1E, unfold2E, unfold3E) ffunE.
Qed.

End Unfoldings.

Section ModeProducts.

Variable R : comRingType.

(** Entry by entry, as the literature defines it: along one mode, every entry becomes a sum weighted by a row of [u]. *)
Definition mode_product1 m1 m2 m3 n (u : 'M[R]_(n, m1)) (x : tensor R m1 m2 m3) : tensor R n m2 m3 :=
  [ffun t => \sum_i u t.1.1 i * x (i, t.1.2, t.2)].
Definition mode_product2 m1 m2 m3 n (u : 'M[R]_(n, m2)) (x : tensor R m1 m2 m3) : tensor R m1 n m3 :=
  [ffun t => \sum_j u t.1.2 j * x (t.1.1, j, t.2)].
Definition mode_product3 m1 m2 m3 n (u : 'M[R]_(n, m3)) (x : tensor R m1 m2 m3) : tensor R m1 m2 n :=
  [ffun t => \sum_k u t.2 k * x (t.1.1, t.1.2, k)].

Variables m1 m2 m3 : nat.
Implicit Types x : tensor R m1 m2 m3.

(** The code never forms these sums: it multiplies the unfolding by the matrix and folds. This is the same thing, so
    every mode product costs one matrix product. *)
Theorem unfold_mode_product n x (u : 'M[R]_(n, m1)) (v : 'M[R]_(n, m2)) (w : 'M[R]_(n, m3)) :
  [/\ unfold1 (mode_product1 u x) = u *m unfold1 x,
      unfold2 (mode_product2 v x) = v *m unfold2 x &
      unfold3 (mode_product3 w x) = w *m unfold3 x].
Proof.
by split; apply/matrixP => i s; case/mxvec_indexP: s => j k;
  rewrite ?(unfold1E, unfold2E, unfold3E) ffunE mxE; apply: eq_bigr => h _;
  rewrite ?(unfold1E, unfold2E, unfold3E).
Qed.

(** The two cut modes of a trajectory may be projected in either order, and a reconstruction may undo them in either. The code
    takes the order that costs least: the hidden mode first, as it reduces most. *)
Theorem mode_products_of_different_modes_commute n p q x
    (u : 'M[R]_(n, m1)) (v : 'M[R]_(p, m2)) (w : 'M[R]_(q, m3)) :
  [/\ mode_product1 u (mode_product2 v x) = mode_product2 v (mode_product1 u x),
      mode_product1 u (mode_product3 w x) = mode_product3 w (mode_product1 u x) &
      mode_product2 v (mode_product3 w x) = mode_product3 w (mode_product2 v x)].
Proof.
by split; apply/ffunP => -[[i j] k]; rewrite !ffunE /=;
  under eq_bigr => a _ do rewrite ffunE mulr_sumr;
  under [RHS]eq_bigr => a _ do rewrite ffunE mulr_sumr;
  rewrite exchange_big; do 2![apply: eq_bigr => ? _]; rewrite mulrCA.
Qed.

(** Projecting and mapping back is one product with the projector [u *m u^T]; refining a basis inside a basis is one
    product with their product. *)
Theorem mode_products_of_one_mode_compose n x
    (u1 : 'M[R]_(n, m1)) (u2 : 'M[R]_(n, m2)) (u3 : 'M[R]_(n, m3)) p (v : 'M[R]_(p, n)) :
  [/\ mode_product1 v (mode_product1 u1 x) = mode_product1 (v *m u1) x,
      mode_product2 v (mode_product2 u2 x) = mode_product2 (v *m u2) x &
      mode_product3 v (mode_product3 u3 x) = mode_product3 (v *m u3) x].
Proof.
by split; apply/ffunP => -[[i j] k]; rewrite !ffunE /=;
  under eq_bigr => a _ do rewrite ffunE mulr_sumr;
  rewrite exchange_big; apply: eq_bigr => b _; rewrite mxE mulr_suml;
  apply: eq_bigr => a _; rewrite mulrA.
Qed.

Lemma mode_product_id x :
  [/\ mode_product1 1%:M x = x, mode_product2 1%:M x = x & mode_product3 1%:M x = x].
Proof.
by split; apply/ffunP => -[[i j] k]; rewrite ffunE /=;
  [rewrite (bigD1 i) | rewrite (bigD1 j) | rewrite (bigD1 k)] => //=;
  rewrite mxE eqxx mul1r big1 ?addr0 // => a /negPf ne; rewrite mxE eq_sym ne mul0r.
Qed.

End ModeProducts.

(** The same one by one, for rewriting. *)
Section Rewriting.

Variables (R : comRingType) (m1 m2 m3 n p : nat).
Implicit Types (x : tensor R m1 m2 m3) (u : 'M[R]_(n, m1)) (v : 'M[R]_(n, m2)) (w : 'M[R]_(p, m3)).

Lemma mode_product12C x u (v : 'M[R]_(p, m2)) :
  mode_product1 u (mode_product2 v x) = mode_product2 v (mode_product1 u x).
Proof. by have [-> _ _] := mode_products_of_different_modes_commute x u v (0 : 'M_(0, m3)). Qed.

Lemma mode_product13C x u w : mode_product1 u (mode_product3 w x) = mode_product3 w (mode_product1 u x).
Proof. by have [_ -> _] := mode_products_of_different_modes_commute x u (0 : 'M_(0, m2)) w. Qed.

Lemma mode_product23C x v w : mode_product2 v (mode_product3 w x) = mode_product3 w (mode_product2 v x).
Proof. by have [_ _ ->] := mode_products_of_different_modes_commute x (0 : 'M_(0, m1)) v w. Qed.

Lemma mode_product1M x u (a : 'M[R]_(p, n)) :
  mode_product1 (a *m u) x = mode_product1 a (mode_product1 u x).
Proof. by have [-> _ _] := mode_products_of_one_mode_compose x u 0 0 a. Qed.

Lemma mode_product2M x v (a : 'M[R]_(p, n)) :
  mode_product2 (a *m v) x = mode_product2 a (mode_product2 v x).
Proof. by have [_ -> _] := mode_products_of_one_mode_compose x 0 v 0 a. Qed.

Lemma mode_product3M x (w : 'M[R]_(n, m3)) (a : 'M[R]_(p, n)) :
  mode_product3 (a *m w) x = mode_product3 a (mode_product3 w x).
Proof. by have [_ _ ->] := mode_products_of_one_mode_compose x 0 0 w a. Qed.

End Rewriting.

Section Norms.

Variables (R : comRingType) (m1 m2 m3 : nat).
Implicit Types x y : tensor R m1 m2 m3.

(** Inner product and squared Frobenius norm, of tensors and of matrices. *)
Definition dot x y : R := \sum_t x t * y t.
Definition sqnorm x : R := dot x x.
Definition mxdot m n (a b : 'M[R]_(m, n)) : R := \sum_i \sum_j a i j * b i j.
Definition mxsqnorm m n (a : 'M[R]_(m, n)) : R := mxdot a a.

Lemma sum_columns (n p : nat) (f : 'I_(n * p) -> R) :
  \sum_s f s = \sum_j \sum_k f (mxvec_index j k).
Proof.
rewrite pair_big (reindex _ (curry_mxvec_bij n p)) /=.
by apply: eq_bigr => -[j k] _.
Qed.

Lemma dotE x y : dot x y = \sum_i \sum_j \sum_k x (i, j, k) * y (i, j, k).
Proof.
rewrite /dot pair_big pair_big /=.
by apply: eq_bigr => -[[i j] k] _.
Qed.

Lemma dot_unfold x y :
  [/\ dot x y = mxdot (unfold1 x) (unfold1 y),
      dot x y = mxdot (unfold2 x) (unfold2 y) &
      dot x y = mxdot (unfold3 x) (unfold3 y)].
Proof.
rewrite dotE; split; rewrite /mxdot.
- apply: eq_bigr => i _; rewrite sum_columns.
  by do 2![apply: eq_bigr => ? _]; rewrite !unfold1E.
- rewrite exchange_big; apply: eq_bigr => j _; rewrite sum_columns.
  by do 2![apply: eq_bigr => ? _]; rewrite !unfold2E.
- under eq_bigr => i _ do rewrite exchange_big.
  rewrite exchange_big; apply: eq_bigr => k _; rewrite sum_columns.
  by do 2![apply: eq_bigr => ? _]; rewrite !unfold3E.
Qed.

(** The energy of a trajectory is the same number whichever way it is unfolded: the spectra of the modes have one sum,
    and an error measured in one unfolding is the error of the tensor. *)
Theorem unfold_norm x :
  [/\ mxsqnorm (unfold1 x) = sqnorm x, mxsqnorm (unfold2 x) = sqnorm x & mxsqnorm (unfold3 x) = sqnorm x].
Proof. by have [h1 h2 h3] := dot_unfold x x; split; rewrite /mxsqnorm -?h1 -?h2 -?h3. Qed.

Lemma mxdotE m n (a b : 'M[R]_(m, n)) : mxdot a b = \tr (a *m b^T).
Proof.
apply: eq_bigr => i _; rewrite mxE.
by apply: eq_bigr => j _; rewrite mxE.
Qed.

End Norms.

Section Slices.

Variables (R : comRingType) (m1 m2 m3 : nat).
Implicit Types x : tensor R m1 m2 m3.

(** The layer-by-hidden matrix at one token. *)
Definition slice m1 m2 m3 (t : 'I_m2) (x : tensor R m1 m2 m3) : 'M[R]_(m1, m3) :=
  \matrix_(i, k) x (i, t, k).

(** Cutting the layer and the hidden mode acts token by token: the coordinates of token [t] are [U_L' X_t U_d], whatever
    the other tokens are and however many there are. *)
Theorem mode_products_act_on_slices n p (u : 'M[R]_(n, m1)) (w : 'M[R]_(p, m3)) t x :
  slice t (mode_product1 u (mode_product3 w x)) = u *m slice t x *m w^T.
Proof.
apply/matrixP => i k; rewrite -mulmxA !mxE ffunE /=.
apply: eq_bigr => a _; rewrite ffunE !mxE /=; congr (_ * _).
by apply: eq_bigr => b _; rewrite !mxE mulrC.
Qed.

(** The Gram matrices of the two outer unfoldings are sums over tokens, [G_layer] and [G_hidden]: they can be accumulated
    while the corpus streams by, and their size does not depend on the number of tokens. *)
Theorem unfolding_grams_are_sums_over_slices x :
  unfold1 x *m (unfold1 x)^T = \sum_t slice t x *m (slice t x)^T /\
  unfold3 x *m (unfold3 x)^T = \sum_t (slice t x)^T *m slice t x.
Proof.
split; apply/matrixP => i j; rewrite mxE sum_columns summxE.
- apply: eq_bigr => t _; rewrite mxE.
  by apply: eq_bigr => k _; rewrite !mxE !mxvecE !mxE.
- rewrite exchange_big; apply: eq_bigr => t _; rewrite mxE.
  by apply: eq_bigr => k _; rewrite !mxE !mxvecE !mxE.
Qed.

End Slices.
