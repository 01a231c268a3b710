(** Eigenbases of symmetric matrices: what a projector keeps of one, by its eigenvalues.

    An eigenbasis of [g] is given by an orthogonal [q] and eigenvalues [l] in descending order with [g = q diag(l) q^T]; that
    the code's factorisations are eigenbases is a hypothesis, which the property tests check. Sizes are [r + s]: [r] directions
    are kept, [s] are discarded. Steps on the way to the truncated multilinear SVD. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LoRi Require Import Unfold Projection.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Spectra.

Variable R : realFieldType.

Record eigenbasis m (g q : 'M[R]_m) (l : 'rV[R]_m) : Prop := Eigenbasis {
  eigen_orthonormal : orthonormal q;
  eigen_product : g = q *m diag_mx l *m q^T;
  eigen_descending : forall i j : 'I_m, (i <= j)%N -> l 0 j <= l 0 i
}.

(** The first [r] columns, and the sums of the first [r] and of the other eigenvalues. *)
Definition leading r s (q : 'M[R]_(r + s)) : 'M[R]_(r + s, r) := lsubmx q.
Definition kept r s (l : 'rV[R]_(r + s)) : R := \sum_(i < r) l 0 (lshift s i).
Definition discarded r s (l : 'rV[R]_(r + s)) : R := \sum_(j < s) l 0 (rshift r j).

Lemma leading_identity r s (i : 'I_(r + s)) :
  (lsubmx (1%:M : 'M[R]_(r + s)) *m (lsubmx (1%:M : 'M_(r + s)))^T) i i = \sum_(k < r) (i == lshift s k)%:R.
Proof. by rewrite mxE; apply: eq_bigr => k _; rewrite !mxE; case: (_ == _); rewrite ?mulr1 ?mulr0. Qed.

Lemma leading_orthonormal r s (q : 'M[R]_(r + s)) : orthonormal q -> orthonormal (leading q).
Proof.
rewrite /orthonormal /leading => oq.
rewrite trmx_lsub mul_usub_mx mulmx_lsub oq.
by apply/matrixP => i j; rewrite !mxE (inj_eq (@lshift_inj _ _)).
Qed.

Lemma mxtrace_diag_mul m (l : 'rV[R]_m) (a : 'M[R]_m) : \tr (diag_mx l *m a) = \sum_i l 0 i * a i i.
Proof. by rewrite mul_diag_mx; apply: eq_bigr => i _; rewrite mxE. Qed.

Lemma trace_eigenbasis m (g q : 'M[R]_m) l p :
  eigenbasis g q l -> \tr (p *m g) = \sum_i l 0 i * (q^T *m p *m q) i i.
Proof.
case=> oq -> _; rewrite -mxtrace_diag_mul.
by rewrite mulmxA [LHS]mxtrace_mulC !mulmxA [LHS]mxtrace_mulC !mulmxA.
Qed.

Lemma kept_and_discarded r s (g q : 'M[R]_(r + s)) l :
  eigenbasis g q l -> \tr g = kept l + discarded l.
Proof.
move=> e; rewrite -[g]mul1mx (trace_eigenbasis _ e) mulmx1 (eigen_orthonormal e) big_split_ord /=.
by congr (_ + _); apply: eq_bigr => i _; rewrite mxE eqxx mulr1.
Qed.

Lemma trace_leading r s (g q : 'M[R]_(r + s)) l :
  eigenbasis g q l -> \tr (projector (leading q) *m g) = kept l.
Proof.
move=> e; rewrite (trace_eigenbasis _ e).
have -> : q^T *m projector (leading q) *m q = lsubmx 1%:M *m (lsubmx (1%:M : 'M_(r + s)))^T.
  rewrite /projector !mulmxA -mulmxA mulmx_lsub (eigen_orthonormal e).
  by congr (_ *m _); apply: trmx_inj; rewrite trmx_mul !trmxK mulmx_lsub (eigen_orthonormal e).
rewrite big_split_ord /= [X in _ + X]big1 ?addr0 => [|j _].
  apply: eq_bigr => i _; rewrite leading_identity (bigD1 i) //= eqxx big1 ?addr0 ?mulr1 // => k /negPf ne.
  by rewrite (inj_eq (@lshift_inj _ _)) eq_sym ne.
by rewrite leading_identity big1 ?mulr0 // => k _; rewrite eq_rlshift.
Qed.

Lemma idempotent_diagonal m (p : 'M[R]_m) i : symmetric_idempotent p -> 0 <= p i i <= 1.
Proof.
case=> t pp; have e : p i i = \sum_j p i j ^+ 2.
  rewrite -{1}pp mxE; apply: eq_bigr => j _.
  by rewrite expr2 -{2}t mxE.
have nonneg : 0 <= p i i by rewrite e sumr_ge0 // => j _; rewrite sqr_ge0.
rewrite nonneg leNgt; apply/negP => big.
have : p i i ^+ 2 <= p i i.
  by rewrite {2}e (bigD1 i) //= ler_addl sumr_ge0 // => j _; rewrite sqr_ge0.
by rewrite expr2 -{3}[p i i]mulr1 ler_pmul2l ?leNgt ?big // (lt_trans ltr01).
Qed.

(** Weight that moves from small values to large ones never makes the sum smaller. *)
Lemma exchange r s (a k : 'I_r -> R) (b d : 'I_s -> R) :
  (forall i, 0 <= a i) -> (forall j, 0 <= b j) -> (forall i j, d j <= k i) ->
  \sum_j b j = \sum_i a i \/ \sum_j b j <= \sum_i a i /\ (forall i, 0 <= k i) ->
  \sum_j d j * b j <= \sum_i k i * a i.
Proof.
move=> a0 b0 dk sums; set A := \sum_i a i in sums *.
have A0 : 0 <= A by apply: sumr_ge0.
have [Az|Ap] := eqVneq A 0.
  have bz : \sum_j b j = 0.
    apply/eqP; rewrite eq_le sumr_ge0 // andbT.
    by case: sums => [e|[le _]]; rewrite ?e ?(le_trans le) // Az lexx.
  rewrite !big1 // => [i _|j _].
    by move/psumr_eq0P: Az => -> //; rewrite mulr0.
  by move/psumr_eq0P: bz => -> //; rewrite mulr0.
have {}Ap : 0 < A by rewrite lt_neqAle eq_sym Ap.
rewrite -(ler_pmul2l Ap); apply: (@le_trans _ _ ((\sum_i k i * a i) * \sum_j b j)).
  rewrite /A mulr_suml mulr_suml; apply: ler_sum => i _; rewrite mulr_sumr mulr_sumr.
  apply: ler_sum => j _; rewrite mulrA ler_wpmul2r // mulrC.
  by rewrite ler_wpmul2r.
case: sums => [->|[le k0]]; first by rewrite mulrC.
by rewrite mulrC ler_wpmul2r // sumr_ge0 // => i _; rewrite mulr_ge0.
Qed.

Lemma gram_eigenvalues_ge0 m n (a : 'M[R]_(m, n)) q l i : eigenbasis (a *m a^T) q l -> 0 <= l 0 i.
Proof.
case=> oq e _; have -> : l 0 i = ((q^T *m a) *m (q^T *m a)^T) i i.
  rewrite trmx_mul trmxK !mulmxA -(mulmxA q^T) e !mulmxA oq mul1mx -mulmxA oq mulmx1.
  by rewrite mxE eqxx mulr1n.
by rewrite mxE sumr_ge0 // => k _; rewrite [_^T _ _]mxE -expr2 sqr_ge0.
Qed.

(** The projector on the columns of a matrix, without square roots. *)
Lemma column_projector m n (y : 'M[R]_(m, n)) :
  exists p, [/\ symmetric_idempotent p, p *m y = y & \tr p = (\rank y)%:R].
Proof.
have [a [b ba] [c yac]] : exists2 a : 'M[R]_(m, \rank y), exists b, b *m a = 1%:M & exists c, y = a *m c.
  exists (col_base y); first by apply/row_fullP; exact: col_base_full.
  by exists (row_base y); rewrite mulmx_base.
pose g := a^T *m a.
have ug : g \in unitmx.
  rewrite -row_free_unit; apply: inj_row_free => v; rewrite /g mulmxA => va.
  have : \sum_i (v *m a^T) 0 i ^+ 2 = 0.
    transitivity ((v *m a^T *m a *m v^T) 0 0); last by rewrite va mul0mx mxE.
    rewrite -mulmxA mxE; apply: eq_bigr => i _.
    by rewrite -[a *m v^T]trmxK trmx_mul trmxK [_^T i 0]mxE expr2.
  move/psumr_eq0P => zero; have vz : v *m a^T = 0.
    apply/rowP => i; rewrite [RHS]mxE; apply/eqP; rewrite -sqrf_eq0.
    by apply/eqP/zero => // k _; rewrite sqr_ge0.
  by rewrite -[v]mulmx1 -trmx1 -ba trmx_mul mulmxA vz mul0mx.
exists (a *m invmx g *m a^T); split.
- split; first by rewrite !trmx_mul trmxK trmx_inv /g trmx_mul trmxK mulmxA.
  by rewrite !mulmxA -(mulmxA (a *m invmx g)) -/g -(mulmxA a) mulVmx // mulmx1.
- rewrite [X in _ *m X]yac [RHS]yac !mulmxA -(mulmxA (a *m invmx g)) -/g.
  by rewrite -(mulmxA a) mulVmx // mulmx1.
- by rewrite -mulmxA mxtrace_mulC -mulmxA -/g mulVmx // mxtrace1.
Qed.

(** Ky Fan in the form used below: a projector of trace at most [r] keeps at most the [r] largest eigenvalues. *)
Lemma ky_fan_projector r s (g q : 'M[R]_(r + s)) l p :
  eigenbasis g q l -> symmetric_idempotent p ->
  \tr p = r%:R \/ \tr p <= r%:R /\ (forall i, 0 <= l 0 i) -> \tr (p *m g) <= kept l.
Proof.
move=> e [tp pp] tr_p; rewrite (trace_eigenbasis _ e); set w := q^T *m p *m q.
have qq : q *m q^T = 1%:M by apply: mulmx1C; exact: eigen_orthonormal e.
have sw : symmetric_idempotent w.
  split; first by rewrite /w !trmx_mul trmxK tp mulmxA.
  by rewrite /w -!mulmxA (mulmxA q) qq mul1mx (mulmxA p) pp.
have tr_w : \tr w = \tr p by rewrite /w mxtrace_mulC mulmxA qq mul1mx.
pose a i := 1 - w (lshift s i) (lshift s i); pose b j := w (rshift r j) (rshift r j).
have sum_a : \sum_i a i = r%:R - \sum_(i < r) w (lshift s i) (lshift s i).
  by rewrite sumrB sumr_const card_ord.
have sum_b : \sum_j b j = \tr p - \sum_(i < r) w (lshift s i) (lshift s i).
  by rewrite -tr_w /mxtrace big_split_ord /= addrC addKr.
rewrite big_split_ord -ler_subr_addl /kept -sumrB /=.
rewrite (eq_bigr (fun i => l 0 (lshift s i) * a i)) => [|i _]; last by rewrite mulrBr mulr1.
apply: exchange => [i|j|i j|].
- by rewrite subr_ge0; case/andP: (idempotent_diagonal (lshift s i) sw).
- by case/andP: (idempotent_diagonal (rshift r j) sw).
- by apply: (eigen_descending e); rewrite /= ltnW // ltn_addr.
- by rewrite sum_a sum_b; case: tr_p => [->|[le l0]]; [left | right; rewrite ler_sub].
Qed.

Lemma trace_projector m r (v : 'M[R]_(m, r)) : orthonormal v -> \tr (projector v) = r%:R.
Proof. by move=> ov; rewrite /projector mxtrace_mulC ov mxtrace1. Qed.

Lemma trace_leading_basis r s (g q : 'M[R]_(r + s)) l : eigenbasis g q l -> \tr (projector (leading q)) = r%:R.
Proof. by move=> e; exact: trace_projector (leading_orthonormal (eigen_orthonormal e)). Qed.

End Spectra.
